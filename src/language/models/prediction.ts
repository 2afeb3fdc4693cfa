import type { Problem } from "../fields/problem.js";
import { float, json, listOf, nullable, object, shape, text, type ValueOf } from "../fields/shape.js";

export const categoryProbability = shape("CategoryProbability", "How likely one category is.", {
  category: text("One of the target's categories."),
  probability: float("From 0 to 1; those of one prediction sum to 1, but for LABELS."),
});

export const predictedQuantile = shape("PredictedQuantile", "What one quantile of the target is predicted to be.", {
  quantile: float("The quantile, above 0 and below 1."),
  value: float("The number below which the target is with this probability, in the target's unit."),
});

/** Of so many classes the probabilities are all listed; of more, by default, those of as many. */
export const allListed = 100;

/** What a version answers to one row, without why it cannot. */
export const prediction = shape("Prediction", "What a version answers to one row.", {
  value: nullable(
    json<string | boolean | number | number[] | string[]>(
      "A number, boolean, category, or list of numbers or labels, by the target's type. CATEGORY: the most probable, of equals the first. Two classes: by `decision`. LABELS: above 0.5. Quantiles: the middle one. Null where the row has problems.",
    ),
  ),
  probabilities: nullable(
    listOf(
      object(
        categoryProbability,
        "One entry per category, in their order, or the `top` most probable; of a BINARY target for `false` and `true`. Null for NUMBER and VECTOR, and where the row has problems.",
      ),
      5,
    ),
  ),
  quantiles: nullable(
    listOf(
      object(
        predictedQuantile,
        "Of a model with the loss PINBALL: its quantiles, which never cross: they are sorted. Null for other models, and where the row has problems.",
      ),
      5,
    ),
  ),
});

/** Of most models there is nothing to say about some fields. */
type Answered = Pick<ValueOf<typeof prediction>, "value" | "probabilities"> & Partial<ValueOf<typeof prediction>>;

/** What a version answers to one row: a prediction, or why there is none, with paths such as `rows[3].x`. */
export type RowAnswer = Answered & { problems: Problem[] };

/** A prediction that there is. */
export type Prediction = Answered & { value: NonNullable<RowAnswer["value"]> };
