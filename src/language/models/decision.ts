import { classesOf } from "../datasets/feature-types.js";
import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Union } from "../fields/field.js";
import { readChoice } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { type DeclaredUnion, type ResolvedUnion, readUnion } from "../fields/objects.js";
import { choice, number } from "../fields/scalars.js";
import { type ClassTarget, positiveClass } from "./positive.js";

/** How a threshold follows from the validation rows. */
export const thresholdMethods = choices("ThresholdMethod", "How a threshold follows from the validation rows.", {
  BEST_F1: "The one with the largest F1 score of the positive class; of equal ones the highest.",
});

export const thresholdUnion = {
  name: "ThresholdInput",
  doc: "Above which probability of the positive class it is predicted: exactly one of these.",
  alternatives: {
    value: {
      field: number({ above: 0, below: 1, doc: "As given." }),
      as: "value",
    },
    method: {
      field: choice(thresholdMethods, { doc: "Chosen on the validation rows, after training." }),
      as: "method",
    },
    recallAtPrecision: {
      field: number({
        above: 0,
        max: 1,
        doc: "A precision of the positive class: of the thresholds that reach it on the validation rows, the one with the largest recall.",
      }),
      as: "precision",
    },
  },
} as const satisfies Union;

export type ThresholdDeclaration = DeclaredUnion<(typeof thresholdUnion)["alternatives"]>;
export type Threshold = ResolvedUnion<(typeof thresholdUnion)["alternatives"]>;

export const calibrations = choices("Calibration", "How probabilities are calibrated.", {
  TEMPERATURE:
    "The output before its activation is divided by one number, which minimizes the log loss of the validation rows (Guo et al., 2017).",
});
export type Calibration = ChoiceOf<typeof calibrations>;

/** How a model makes probabilities and classes of its outputs. Both are left out where they are not declared. */
export interface Answering {
  threshold?: Threshold;
  calibration?: Calibration;
}

export interface AnsweringDeclaration {
  threshold?: ThresholdDeclaration | null;
  calibration?: Calibration | null;
}

/** What is declared about the answers to a target; what does not fit the target is a problem. */
export function resolveAnswering(
  findings: Findings,
  { threshold, calibration }: AnsweringDeclaration,
  target: ClassTarget | undefined,
): Answering {
  const answering: Answering = {};
  if (threshold !== undefined && threshold !== null) {
    const read = readUnion(findings, "threshold", thresholdUnion, threshold);
    if (target && positiveClass(target) === undefined) {
      const classes = classesOf(target);
      const found = classes ? `has ${classes.length}` : `is a ${target.type}`;
      findings.add("CONTRADICTION", `applies to targets with two classes only, and this one ${found}.`, "threshold");
    } else if (read) answering.threshold = read.resolved;
  }
  if (calibration !== undefined && calibration !== null) {
    const read = readChoice(findings, "calibration", calibration, calibrations.all);
    if (target && !hasProbabilities(target)) {
      const message = `applies to targets with classes only, and this is a ${target.type}.`;
      findings.add("CONTRADICTION", message, "calibration");
    } else if (read) answering.calibration = read;
  }
  return answering;
}

/** Whether the outputs are probabilities of classes of which one is right. */
function hasProbabilities(target: ClassTarget): boolean {
  return classesOf(target) !== undefined;
}

/** What has to be found on validation rows, with its verb; undefined where nothing has. */
export function foundOnValidation({ threshold, calibration }: Answering): string | undefined {
  const parts = [
    ...(threshold && threshold.type !== "value" ? ["threshold"] : []),
    ...(calibration ? ["temperature"] : []),
  ];
  if (parts.length === 0) return undefined;
  return `${parts.join(" and ")} ${parts.length > 1 ? "are" : "is"}`;
}
