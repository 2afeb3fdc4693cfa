import { type ChoiceOf, choices } from "../fields/choices.js";

/** What becomes of a missing value. The first of a type's methods is its default; see `FeatureTypeDescription.missing`. */
export const missingMethods = choices("MissingMethod", "What becomes of a missing value of an input.", {
  INDICATOR:
    "The model sees that it is missing. CATEGORY: a category of its own. NUMBER, VECTOR, TIMESTAMP: the median of the training rows, and BINARY: false, each with a number behind it, 1 where the value is missing and 0 elsewhere.",
  MEDIAN: "The median of the training rows.",
  MEAN: "The mean of the training rows.",
  MOST_FREQUENT: "The most frequent value of the training rows, of equals the least; of a CATEGORY the first.",
  CONSTANT: "`missingValue`.",
  EMPTY: "An empty text, sequence or list of labels.",
  DROP_ROW: "The row is left out of training and evaluation, and `predict` does not answer it.",
  REFUSE: "The model cannot use the row; see `invalidRows`.",
});
export type MissingMethod = ChoiceOf<typeof missingMethods>;

/** What a model does with a missing value of an input. */
export interface MissingTreatment {
  method: MissingMethod;
  /** CONSTANT: a number, which BINARY takes as 0 or 1, or the text of a category. */
  value?: number | string;
}

/** Whether a row can be used although the input's value is missing. An input that says nothing refuses it. */
export function takesMissing({ missing }: { missing?: MissingTreatment }): boolean {
  return missing !== undefined && missing.method !== "DROP_ROW" && missing.method !== "REFUSE";
}
