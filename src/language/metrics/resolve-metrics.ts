import { classesOf, type TargetType } from "../datasets/feature-types.js";
import { readChoice, readList } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { listed } from "../fields/wording.js";
import { defaultMetrics, type MetricType, metricDescriptions, metricsFor, metricTypes } from "./metric-types.js";

/** An empty list is allowed: such a model is measured by its loss alone. */
export function resolveMetrics(
  findings: Findings,
  declared: readonly MetricType[] | null | undefined,
  target: { type: TargetType; width: number; categories: readonly string[]; quantiles?: readonly number[] } | undefined,
): MetricType[] {
  const quantiles = target?.quantiles?.length ?? 0;
  if (declared === undefined || declared === null) return target ? defaultMetrics(target.type, quantiles) : [];
  const at = findings.at("metrics");
  const resolved: MetricType[] = [];
  const fitting = target === undefined ? metricTypes : metricsFor(target.type);
  // No cap but the list's own: beyond the names there are, each is a duplicate or unknown.
  for (const [index, entry] of readList(findings, "metrics", declared, limits.problems).entries()) {
    const metric = readChoice(at, index, entry, metricTypes);
    if (metric === undefined) continue;
    const { places, twoClasses, quantiles: least = 0 } = metricDescriptions[metric];
    if (target && !fitting.includes(metric)) {
      at.add("CONTRADICTION", `must be ${listed(fitting, "or")} for a ${target.type} target, got ${metric}.`, index);
    } else if (target && places !== undefined && places >= target.width) {
      at.add("CONTRADICTION", `is always 1, since the target has no more than ${places} categories.`, index);
    } else if (target && quantiles < least) {
      const wanted = least === 1 ? "the loss PINBALL" : "the loss PINBALL with at least two quantiles";
      at.add("CONTRADICTION", `${metric} needs ${wanted}.`, index);
    } else if (target && twoClasses && classesOf(target)?.length !== 2) {
      const message = `${metric} needs a target with two categories, and this one has ${target.categories.length}.`;
      at.add("CONTRADICTION", message, index);
    } else if (resolved.includes(metric)) at.add("DUPLICATE", `${metric} is already in the list.`, index);
    else resolved.push(metric);
  }
  return resolved;
}
