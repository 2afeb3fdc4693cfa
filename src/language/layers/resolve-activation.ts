import { readChoice, readInteger, readList, readNumber } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { shownShape } from "../fields/wording.js";
import { resolveInitializer, resolveRegularizer } from "./initializer.js";
import {
  type Activation,
  type ActivationDeclaration,
  activations,
  type EluDeclaration,
  type LeakyReluDeclaration,
  type PreluDeclaration,
} from "./layer.js";
import type { Resolved, Shape } from "./resolved-layer.js";

export function resolveActivation(at: Findings, declared: ActivationDeclaration, input: Shape): Resolved {
  const activation = readChoice(at, "function", declared.function, activations);
  if (activation === undefined) return { outputShape: input };
  checkSoftmax(at, "function", activation, input?.at(-1));
  return { body: { type: "activation", function: activation }, outputShape: input };
}

/** Refuses a softmax along an axis of one entry. */
export function checkSoftmax(at: Findings, key: string, activation: Activation, width: number | undefined): void {
  if (width !== 1 || (activation !== "SOFTMAX" && activation !== "LOG_SOFTMAX")) return;
  const always = activation === "SOFTMAX" ? "1" : "0";
  at.add("CONTRADICTION", `${activation} over a single unit is always ${always}: nothing could be learned.`, key);
}

export function resolveLeakyRelu(at: Findings, declared: LeakyReluDeclaration, input: Shape): Resolved {
  const negativeSlope = readNumber(at, "negativeSlope", declared.negativeSlope, { min: 0, fallback: 0.3 });
  return { body: { type: "leakyRelu", negativeSlope }, outputShape: input };
}

export function resolveElu(at: Findings, declared: EluDeclaration, input: Shape): Resolved {
  const alpha = readNumber(at, "alpha", declared.alpha, { min: 0, fallback: 1 });
  return { body: { type: "elu", alpha }, outputShape: input };
}

/** `sharedAxes` counts axes from 1, without the batch, as Keras does; it is stored in order. */
export function resolvePrelu(at: Findings, declared: PreluDeclaration, input: Shape): Resolved {
  const { alphaInitializer, alphaInitializerOptions, alphaRegularizer } = declared;
  const places = at.at("sharedAxes");
  const sharedAxes: number[] = [];
  for (const [index, entry] of readList(at, "sharedAxes", declared.sharedAxes ?? [], limits.rank).entries()) {
    const axis = readInteger(places, index, entry, 1, undefined, limits.rank);
    if (sharedAxes.includes(axis)) places.add("DUPLICATE", `${axis} is already in the list.`, index);
    else if (input !== undefined && axis > input.length) {
      places.add("SHAPE_MISMATCH", `there is no axis ${axis} in the input's shape ${shownShape(input)}.`, index);
    } else sharedAxes.push(axis);
  }
  const alpha = {
    alphaInitializer: resolveInitializer(at, "alphaInitializer", alphaInitializer, alphaInitializerOptions, "ZEROS"),
    alphaRegularizer: resolveRegularizer(at, "alphaRegularizer", alphaRegularizer),
  };
  sharedAxes.sort((a, b) => a - b);
  return { body: { type: "prelu", ...alpha, sharedAxes }, outputShape: input };
}
