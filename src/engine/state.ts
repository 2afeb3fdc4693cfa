import type { ModelSpec } from "../spec/model.js";
import type { OptimizerSpec } from "../spec/optimizer.js";
import type { State } from "./executor.js";
import { initialize, sizeOf } from "./initializers.js";
import { modelParameters } from "./parameters.js";
import { randomKey } from "./random.js";
import { trainingState } from "./training-graph.js";

/** The parameters of an untrained model. Each depends on the seed and its own name alone, not on the other layers. */
export function initialParameters(model: ModelSpec, seed: number): State {
  const state: State = {};
  for (const { name, shape, initializer } of modelParameters(model)) {
    state[name] = initialize(initializer, shape, randomKey(seed, `initialize ${name}`));
  }
  return state;
}

/**
 * The state that training starts from: `parameters`, by default the untrained model's, and optimizer slots of zeros.
 * Fine-tuning gives the parent's parameters.
 */
export function initialState(
  model: ModelSpec,
  optimizer: OptimizerSpec,
  seed: number,
  parameters: State = initialParameters(model, seed),
): State {
  const state: State = { ...parameters };
  for (const { name, shape } of trainingState(model, optimizer)) {
    if (isOptimizerSlot(name)) state[name] = new Float32Array(sizeOf(shape));
  }
  return state;
}

/** `optimizer/<slot>/<layer>/<parameter>`; a parameter of a layer that is named `optimizer` has fewer parts. */
function isOptimizerSlot(name: string): boolean {
  return /^optimizer\/[^/]+\/.+\/.+$/.test(name);
}

/** A training state as its two parts: what the model is, and what only its optimizer needs. */
export function splitState(state: State): { parameters: State; optimizer: State } {
  const entries = Object.entries(state);
  return {
    parameters: Object.fromEntries(entries.filter(([name]) => !isOptimizerSlot(name))),
    optimizer: Object.fromEntries(entries.filter(([name]) => isOptimizerSlot(name))),
  };
}
