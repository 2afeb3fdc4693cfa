import { float, nullable, shape, type ValueOf } from "../fields/shape.js";

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

/** What is measured of a version's single outputs on one part of the rows, beside its metrics. */
export interface Breakdown {
  quantiles?: QuantileMeasured[];
}
