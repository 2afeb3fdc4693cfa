import type { TargetType } from "../datasets/feature-types.js";
import { readChoice, readObject } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { readVariant } from "../fields/variants.js";
import { listed } from "../fields/wording.js";
import { type Loss, type LossDeclaration, lossDescriptions, losses, lossesFor, lossFields } from "./losses.js";

/** The loss with Keras 3's defaults. Undefined without a target to derive it from, or for a wrong type. */
export function resolveLoss(
  findings: Findings,
  declared: LossDeclaration | null | undefined,
  target: { type: TargetType; width: number } | undefined,
): Loss | undefined {
  const fitting = target === undefined ? losses : lossesFor(target.type);
  const at = findings.at("loss");
  const read = (loss: LossDeclaration) => readVariant(at, lossFields, loss.type, loss, "the loss is");
  if (declared === undefined || declared === null) return target && read({ type: fitting[0] as Loss["type"] });
  const loss = readObject(findings, "loss", declared);
  const type = loss && readChoice(at, "type", loss.type, losses);
  if (loss === undefined || type === undefined) return undefined;
  if (target && !fitting.includes(type)) {
    at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target.type} target, got ${type}.`, "type");
  } else if (target && target.width < (lossDescriptions[type].leastWidth ?? 1)) {
    at.add("CONTRADICTION", "compares distributions, which need a target of at least two numbers.", "type");
  }
  return read({ ...loss, type });
}
