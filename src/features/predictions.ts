import type { ModelSpec } from "../language/models/model.js";
import type { Prediction } from "../language/models/prediction.js";
import { decodeOutputs, type FittedPreprocessing } from "./preprocessing.js";

/** BINARY is true above this probability, and false at it: as in Keras's `BinaryAccuracy` and scikit-learn's `predict`. */
export const trueAbove = 0.5;

/**
 * The class that the outputs of one row mean, which lie at `start` and are `width` many: of a single output 1 (true) or 0
 * (false), of several the index of the largest, the first of equals. Answers and metrics both go by it, and
 * `engine/onnx/export/answers.ts` says the same in ONNX.
 */
export function classOf(outputs: ArrayLike<number>, start: number, width: number): number {
  if (width === 1) return Number((outputs[start] as number) > trueAbove);
  let largest = 0;
  for (let index = 1; index < width; index++) {
    if ((outputs[start + index] as number) > (outputs[start + largest] as number)) largest = index;
  }
  return largest;
}

/**
 * What the network's outputs for `n` rows (n × `target.width`; probabilities for CATEGORY and BINARY) say, in the
 * target's own terms. Categories and truth values follow `classOf`. Null where an output is not finite: the row's inputs
 * are too large for the model.
 */
export function toPredictions(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  outputs: Float32Array,
  n: number,
): (Prediction | null)[] {
  const decoded = decodeOutputs(model, fitted, outputs, n);
  const { width } = model.target;
  return Array.from({ length: n }, (_, row) => {
    for (let place = row * width; place < (row + 1) * width; place++) if (!Number.isFinite(decoded[place])) return null;
    return predictionOf(model, decoded, row * width);
  });
}

/** @param start where the row's values lie in `decoded`. */
function predictionOf({ target }: ModelSpec, decoded: Float64Array, start: number): Prediction {
  switch (target.type) {
    case "CATEGORY": {
      const { categories } = target;
      const best = classOf(decoded, start, categories.length);
      const probabilities = categories.map((category, code) => ({ category, probability: decoded[start + code] ?? 0 }));
      return { value: categories[best] ?? "", probabilities };
    }
    case "BINARY": {
      const probability = decoded[start] ?? 0;
      const probabilities = [
        { category: "false", probability: 1 - probability },
        { category: "true", probability },
      ];
      return { value: classOf(decoded, start, 1) === 1, probabilities };
    }
    case "NUMBER":
      return { value: decoded[start] ?? 0, probabilities: null };
    case "VECTOR":
      return { value: Array.from(decoded.subarray(start, start + target.width)), probabilities: null };
  }
}
