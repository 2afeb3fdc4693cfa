import type { OptimizerSpec } from "../../language/algorithms/optimizer.js";
import type { ModelSpec } from "../../language/models/model.js";
import type { State } from "../graphs/executor.js";
import { modelParameters } from "../layers/parameters.js";
import { averageSlot } from "../optimizers/optimizer.js";
import { elementCount, initialize } from "../tensors/initializers.js";
import { randomKey } from "../tensors/random.js";
import { optimizerSlots, slotName } from "./training-graph.js";

/** The parameters of an untrained model. Each depends on the seed and its own name alone, not on the other layers. */
export function initialParameters(model: ModelSpec, seed: number): State {
  const state: State = {};
  for (const { name, shape, initializer } of modelParameters(model)) {
    state[name] = initialize(initializer, shape, randomKey(seed, `initialize ${name}`));
  }
  return state;
}

/**
 * The state that training starts from: `parameters`, by default the untrained model's, and fresh optimizer slots.
 * Fine-tuning gives the parent's parameters.
 */
export function initialState(
  model: ModelSpec,
  optimizer: OptimizerSpec,
  seed: number,
  parameters: State = initialParameters(model, seed),
): State {
  const state: State = { ...parameters };
  for (const { name, shape, initial, parameter } of optimizerSlots(model, optimizer)) {
    state[name] =
      initial === "PARAMETER"
        ? (parameters[parameter] as Float32Array).slice()
        : new Float32Array(elementCount(shape)).fill(initial);
  }
  return state;
}

const averagePrefix = slotName(averageSlot, "");

/** The moving averages in a state, under their names there; none where the optimizer follows none. */
export function averagesOf(state: State): State {
  const slots = Object.entries(state).filter(([name]) => isOptimizerSlot(name) && name.startsWith(averagePrefix));
  return Object.fromEntries(slots);
}

/** The state that is evaluated and kept: the same, but every parameter that has a moving average is that average. */
export function averagedState(state: State): State {
  const averages = Object.entries(averagesOf(state));
  return {
    ...state,
    ...Object.fromEntries(averages.map(([name, values]) => [name.slice(averagePrefix.length), values])),
  };
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
