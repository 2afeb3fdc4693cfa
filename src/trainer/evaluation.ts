import { createMetric } from "../engine/metrics.js";
import { decodeOutputs, type FittedPreprocessing } from "../features/preprocessing.js";
import { metricName } from "../spec/metrics.js";
import type { ModelSpec } from "../spec/model.js";

export interface NamedValue {
  name: string;
  value: number;
}

/**
 * The model's metrics for encoded targets and the network's outputs, both [count, width]. Regression is measured in the
 * target's own unit, not in the z-scores that the loss sees.
 */
export function measure(
  model: ModelSpec,
  preprocessing: FittedPreprocessing,
  targets: Float32Array,
  outputs: Float32Array,
): NamedValue[] {
  const count = targets.length / model.target.width;
  const actual = decodeOutputs(model, preprocessing, targets, count);
  const predicted = decodeOutputs(model, preprocessing, outputs, count);
  return model.metrics.map((type) => {
    const metric = createMetric(type, model.target);
    metric.update(predicted, actual);
    return { name: metricName(type), value: metric.value() };
  });
}
