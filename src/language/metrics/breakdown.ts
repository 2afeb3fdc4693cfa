import { float, integer, nullable, shape, text, type ValueOf } from "../fields/shape.js";

/** What one quantile of a version measured on a part of the rows. */
export const quantileMeasured = shape(
  "QuantileEvaluation",
  "How well one quantile is predicted, on one part of the rows.",
  {
    quantile: float("The quantile, above 0 and below 1."),
    pinballLoss: nullable(float("Its mean pinball loss, in the target's unit. Null where a prediction is NaN.")),
    shareBelow: nullable(
      float("Share of rows whose target is at most what is predicted: near the quantile if it is calibrated."),
    ),
  },
);
export type QuantileMeasured = ValueOf<typeof quantileMeasured>;

/** Of how many labels single measurements are kept: of those that most rows have. */
export const breakdownLimits = { labels: 1_000 } as const;

/** What one label of a version measured on a part of the rows. */
export const labelMeasured = shape("LabelEvaluation", "How well one label is predicted, on one part of the rows.", {
  label: text("The label."),
  rowCount: integer("Rows that have it."),
  precision: nullable(float("Share of the rows for which it is chosen that have it. Null where it is never chosen.")),
  recall: nullable(float("Share of the rows that have it for which it is chosen. Null where no row has it.")),
  f1Score: nullable(float("Harmonic mean of both. Null where no row has it, and it is never chosen.")),
});
export type LabelMeasured = ValueOf<typeof labelMeasured>;

/** What is measured of a version's single outputs on one part of the rows, beside its metrics. */
export interface Breakdown {
  quantiles?: QuantileMeasured[];
  /** In the order of the list; of a long one those that most rows have. */
  labels?: LabelMeasured[];
}
