import type { ModelSpec } from "../../language/models/model.js";
import type { State } from "../graphs/executor.js";
import { modelParameters } from "../layers/parameters.js";
import { averageSlot } from "../optimizers/optimizer.js";
import { slotName } from "./training-graph.js";

/**
 * Parameters with which the network puts out its logits divided by a temperature: those of the output layer, which is linear
 * before its activation, are divided. So every program computes calibrated probabilities without knowing of the temperature,
 * and exactly also where a probability rounds to 1.
 *
 * @param state the parameters, perhaps with moving averages of them.
 * @param temperature default: the state as it is.
 */
export function calibrated(model: Pick<ModelSpec, "layers">, state: State, temperature = 1): State {
  if (temperature === 1) return state;
  const divided: State = { ...state };
  for (const { name } of modelParameters({ layers: model.layers.slice(-1) })) {
    for (const tensor of [name, slotName(averageSlot, name)]) {
      const values = state[tensor];
      if (values) divided[tensor] = values.map((value) => value / temperature);
    }
  }
  return divided;
}
