import { readFlag, readInteger, readNumber } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { resolveRegularizer } from "./initializer.js";
import type {
  BatchNormalizationDeclaration,
  GroupNormalizationDeclaration,
  LayerNormalizationDeclaration,
} from "./layer.js";
import type { Body, Resolved, Shape } from "./resolved-layer.js";

export function resolveBatchNormalization(
  at: Findings,
  declared: BatchNormalizationDeclaration,
  input: Shape,
): Resolved {
  const momentum = readNumber(at, "momentum", declared.momentum, { min: 0, below: 1, fallback: 0.99 });
  const body: Body = { type: "batchNormalization", momentum, ...resolveNormalization(at, declared) };
  return { body, outputShape: input };
}

export function resolveLayerNormalization(
  at: Findings,
  declared: LayerNormalizationDeclaration,
  input: Shape,
): Resolved {
  return { body: { type: "layerNormalization", ...resolveNormalization(at, declared) }, outputShape: input };
}

/** `groups: -1` is one group a channel, which is instance normalization; it is stored resolved. */
export function resolveGroupNormalization(
  at: Findings,
  declared: GroupNormalizationDeclaration,
  input: Shape,
): Resolved {
  const rest = resolveNormalization(at, declared);
  const one = declared.groups === -1;
  const groups = one ? input?.at(-1) : readInteger(at, "groups", declared.groups, 1, 32, limits.units);
  const channels = input?.at(-1);
  if (groups === undefined || channels === undefined) return { outputShape: input };
  if (channels % groups !== 0) {
    const message = `must divide the ${channels} channels of the input, and ${groups} does not (-1: one group a channel).`;
    at.add("CONTRADICTION", message, "groups");
  }
  return { body: { type: "groupNormalization", groups, ...rest }, outputShape: input };
}

function resolveNormalization(at: Findings, declared: Omit<BatchNormalizationDeclaration, "momentum">) {
  const center = readFlag(at, "center", declared.center, true);
  const scale = readFlag(at, "scale", declared.scale, true);
  return {
    epsilon: readNumber(at, "epsilon", declared.epsilon, { above: 0, fallback: 1e-3 }),
    center,
    scale,
    betaRegularizer: resolveRegularizer(at, "betaRegularizer", declared.betaRegularizer, {
      flag: "center",
      on: center,
    }),
    gammaRegularizer: resolveRegularizer(at, "gammaRegularizer", declared.gammaRegularizer, {
      flag: "scale",
      on: scale,
    }),
  };
}
