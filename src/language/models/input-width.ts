import type { Feature } from "../datasets/dataset.js";
import { describedType } from "../datasets/feature-types.js";
import { countsElements } from "../preprocessing/preprocessing.js";
import type { ModelInput } from "./model.js";

/** What CALENDAR makes of an instant; see `features/calendar.ts`. */
export const calendarWidth = 7;

type Encoded = Pick<ModelInput, "type" | "categories" | "shape" | "preprocessing" | "vectorization" | "placement">;

/** The count of ids that a category, or an element of a text or sequence, may have; of the latter, 0 is padding. */
export function idCount({ type, categories, vectorization }: Omit<Encoded, "preprocessing">): number {
  // Beside the tokens there is the padding, and what is in no vocabulary.
  if (vectorization?.hashBins != null) return vectorization.hashBins + 1;
  if (vectorization?.maxTokens != null) return vectorization.maxTokens + 2;
  return describedType(type).elements ? categories.length + 1 : categories.length;
}

/** The count of numbers of a feature's value, or of one element of a SEQUENCE; one per category of a one-hot one. */
export function oneHotWidth({ categories, shape }: Pick<Feature, "categories" | "shape">): number {
  return categories.length || shape.reduce((product, entry) => product * entry, 1);
}

/** The count of numbers that an input becomes after preprocessing. */
export function encodedWidth(input: Encoded): number {
  const { preprocessing, placement } = input;
  // Padding is not counted.
  if (countsElements(preprocessing)) return idCount(input) - 1;
  if (preprocessing === "CALENDAR") return calendarWidth;
  const isId = preprocessing === "ORDINAL" || preprocessing === "EMBEDDING";
  const ofElement = isId ? 1 : oneHotWidth(input);
  return ofElement * (placement?.maxLength ?? 1);
}
