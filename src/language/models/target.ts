import {
  featureTypeDescriptions,
  type OutputForm,
  type TargetDescription,
  type TargetType,
  targetTypes,
} from "../datasets/feature-types.js";
import { type Loss, type LossType, lossDescriptions, lossesFor } from "../losses/losses.js";
import { defaultMetrics, type MetricType, metricsFor } from "../metrics/metric-types.js";
import type { ModelTarget } from "./model.js";

/** What follows from a target's type. */
export interface TargetRules extends OutputForm {
  /** The losses that fit; the first is the default. */
  losses: readonly LossType[];
  /** The metrics that fit. For CATEGORY, precision, recall and F1 are the unweighted mean over the classes. */
  metrics: readonly MetricType[];
  defaultMetrics: readonly MetricType[];
}

export const targetRules = Object.fromEntries(
  targetTypes.map((type): [TargetType, TargetRules] => [
    type,
    {
      ...featureTypeDescriptions[type].target.output,
      losses: lossesFor(type),
      metrics: metricsFor(type),
      defaultMetrics: defaultMetrics(type),
    },
  ]),
) as Record<TargetType, TargetRules>;

/**
 * What the output layer does for a loss. Numbers that some losses need as they are have an output of their own; the hinge
 * losses act on the output before its activation.
 */
export function outputForm(loss: LossType, target: TargetType): OutputForm {
  const { classes, output }: TargetDescription = featureTypeDescriptions[target].target;
  return (classes ? undefined : lossDescriptions[loss].output) ?? output;
}

/** The target with one output for each quantile that the loss declares. */
export function withQuantiles(target: ModelTarget, loss: Loss | undefined): ModelTarget {
  if (loss?.type !== "PINBALL") return target;
  return { ...target, width: loss.quantiles.length, quantiles: loss.quantiles };
}

/** The place of the quantile that stands for the target's value: the median, or the middle one, the lower of two. */
export function middleQuantile(quantiles: readonly number[]): number {
  const median = quantiles.indexOf(0.5);
  return median >= 0 ? median : Math.floor((quantiles.length - 1) / 2);
}
