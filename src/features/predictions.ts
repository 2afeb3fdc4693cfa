import type { ModelSpec } from "../language/models/model.js";
import type { Prediction } from "../language/models/prediction.js";
import { decodeOutputs, type FittedPreprocessing } from "./preprocessing.js";
import { codecs } from "./types/codecs.js";

export { classOf, trueAbove } from "./values/classes.js";

/**
 * The predictions that the network's outputs for `n` rows mean (n × `target.width`; probabilities for a target with
 * classes). Null where an output is not finite: the row's inputs are too large for the model.
 *
 * @param most of how many classes the probabilities are listed, where there are more than `allListed`: of the most probable.
 */
export function toPredictions(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  outputs: Float32Array,
  n: number,
  most?: number,
): (Prediction | null)[] {
  const decoded = decodeOutputs(model, fitted, outputs, n);
  const { target } = model;
  const { width } = target;
  const codec = codecs[target.type];
  return Array.from({ length: n }, (_, row) => {
    for (let place = row * width; place < (row + 1) * width; place++) if (!Number.isFinite(decoded[place])) return null;
    return codec.decode(target, decoded, row * width, most);
  });
}
