import { type MetricType, metricDescriptions, metricTypes } from "./metric-types.js";

const largerIsBetter: ReadonlySet<string> = new Set(
  metricTypes.filter((type) => metricDescriptions[type].better === "LARGER").map(metricName),
);

/** The name that a metric's points carry: `MEAN_ABSOLUTE_ERROR` is written `mean_absolute_error`. */
export function metricName(type: MetricType): string {
  return type.toLowerCase();
}

/** Whether better is larger or smaller, for any metric's name with or without `val_`; losses and errors are MIN. */
export function metricDirection(name: string): "MIN" | "MAX" {
  return largerIsBetter.has(name.replace(/^val_/, "")) ? "MAX" : "MIN";
}

/**
 * The names of the points written once per epoch, in order: `epoch_loss` and the model's metrics on the training rows,
 * then, with validation rows, `val_loss` and the metrics with `val_` before them.
 */
export function epochMetricNames(model: { metrics: readonly MetricType[] }, hasValidation: boolean): string[] {
  const names = model.metrics.map(metricName);
  const validation = hasValidation ? ["val_loss", ...names.map((name) => `val_${name}`)] : [];
  return ["epoch_loss", ...names, ...validation];
}

/**
 * One measurement of a run. `seq` counts the run's points from 1 in the order the training makes them, the same in every
 * attempt. `step` counts optimizer steps and `epoch` epochs, both from 1.
 */
export interface MetricPoint {
  seq: number;
  name: string;
  step: number;
  epoch: number;
  value: number;
}

/** What one version measures on the rows of a gate. */
export interface GateValue {
  value: number;
  /** Why the metric is not defined; null where it is. */
  undefinedReason: string | null;
  /** Whether every prediction is a finite number; if not, the model is broken. */
  sound: boolean;
}
