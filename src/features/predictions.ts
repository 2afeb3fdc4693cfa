import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../spec/model.js";
import { decodeOutputs, type FittedPreprocessing } from "./preprocessing.js";

export interface Prediction {
  /** CATEGORY: the category. BINARY: a boolean. NUMBER: a number. VECTOR: an array of numbers. */
  value: string | boolean | number | number[];
  /** CATEGORY: every category in declared order. BINARY: `"false"`, then `"true"`. Otherwise null. */
  probabilities: { category: string; probability: number }[] | null;
}

/**
 * What the network's outputs for `n` rows (n × `target.width`; probabilities for CATEGORY and BINARY) say, in the
 * target's own terms. The most probable category wins, the first declared of equals; BINARY is true from 0.5 on.
 * Throws `BAD_INPUT` with the row where an output is not finite: its inputs are too large for the model.
 */
export function toPredictions(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  outputs: Float32Array,
  n: number,
): Prediction[] {
  const decoded = decodeOutputs(model, fitted, outputs, n);
  const { width } = model.target;
  return Array.from({ length: n }, (_, row) => {
    const values = Array.from(decoded.subarray(row * width, (row + 1) * width));
    if (values.every(Number.isFinite)) return predictionOf(model, values);
    const reason = "its inputs lie too far outside what the model was trained on";
    throw new PlatformError("BAD_INPUT", `rows[${row}]: the model's output is not a finite number; ${reason}.`);
  });
}

function predictionOf({ target }: ModelSpec, values: number[]): Prediction {
  switch (target.type) {
    case "CATEGORY": {
      const best = values.indexOf(Math.max(...values));
      const probabilities = target.categories.map((category, code) => ({ category, probability: values[code] ?? 0 }));
      return { value: target.categories[best] ?? "", probabilities };
    }
    case "BINARY": {
      const [probability = 0] = values;
      const probabilities = [
        { category: "false", probability: 1 - probability },
        { category: "true", probability },
      ];
      return { value: probability >= 0.5, probabilities };
    }
    case "NUMBER":
      return { value: values[0] ?? 0, probabilities: null };
    case "VECTOR":
      return { value: values, probabilities: null };
  }
}
