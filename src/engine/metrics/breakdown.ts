import { isMultiLabel } from "../../language/datasets/feature-types.js";
import type { Breakdown } from "../../language/metrics/breakdown.js";
import type { ModelTarget } from "../../language/models/model.js";
import { measureLabels } from "./label-metrics.js";
import type { MetricValues } from "./metric.js";
import { countQuantiles } from "./quantile-metrics.js";

/** Counts what is measured of single outputs, over batches of rows: predictions [rows, width], and targets as metrics take them. */
export interface BreakdownCounts {
  update(predictions: MetricValues, targets: MetricValues): void;
  measured(): Breakdown;
}

/** Undefined for a target whose metrics say all. */
export function startBreakdown(
  target: Pick<ModelTarget, "type" | "quantiles"> & Partial<Pick<ModelTarget, "categories">>,
): BreakdownCounts | undefined {
  const { quantiles, categories = [] } = target;
  if (isMultiLabel(target)) {
    const counts = measureLabels(categories);
    return { update: counts.update, measured: () => ({ labels: counts.measured() }) };
  }
  if (!quantiles) return undefined;
  const counts = countQuantiles(quantiles);
  return { update: counts.update, measured: () => ({ quantiles: counts.measured() }) };
}
