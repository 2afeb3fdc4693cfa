import type { Feature } from "../datasets/dataset.js";
import { describedType } from "../datasets/feature-types.js";
import { countsElements } from "../preprocessing/preprocessing.js";
import type { ModelInput } from "./model.js";

/** How many numbers CALENDAR makes of an instant; see `features/calendar.ts`. */
export const calendarWidth = 7;

type Encoded = Pick<
  ModelInput,
  "type" | "categories" | "shape" | "preprocessing" | "vectorization" | "placement" | "unseen" | "missing"
>;

/** The code of OTHER, behind the categories; undefined where an input has no such place. */
export function otherCode({ categories, unseen }: Pick<ModelInput, "categories" | "unseen">): number | undefined {
  return unseen === "OTHER" ? categories.length : undefined;
}

/** The code of a missing category, behind all others; undefined where it is none of its own. */
export function missingCode(input: Pick<ModelInput, "type" | "categories" | "unseen" | "missing">): number | undefined {
  if (input.missing?.method !== "INDICATOR" || !describedType(input.type).opensCategories) return undefined;
  return input.categories.length + (otherCode(input) === undefined ? 0 : 1);
}

/** How many codes a CATEGORY has: the categories, OTHER, and that of a missing value. */
export function codeCount(input: Pick<ModelInput, "type" | "categories" | "unseen" | "missing">): number {
  const known = input.categories.length + (otherCode(input) === undefined ? 0 : 1);
  return known + (missingCode(input) === undefined ? 0 : 1);
}

/** Whether a number behind the value tells where it is missing. */
export function hasIndicator({ type, missing }: Pick<ModelInput, "type" | "missing">): boolean {
  return missing?.method === "INDICATOR" && !describedType(type).opensCategories;
}

/** The number of ids that a category, or an element of a text or sequence, may have. For elements, 0 is padding. */
export function idCount(input: Omit<Encoded, "preprocessing">): number {
  const { type, categories, vectorization } = input;
  // Beside the tokens: padding, and tokens that are in no vocabulary.
  if (vectorization?.hashBins != null) return vectorization.hashBins + 1;
  if (vectorization?.maxTokens != null) return vectorization.maxTokens + 2;
  return describedType(type).elements ? categories.length + 1 : codeCount(input);
}

/** How many numbers a feature's value, or one element of a SEQUENCE, has; one-hot ones have one per category. */
export function oneHotWidth({ categories, shape }: Pick<Feature, "categories" | "shape">): number {
  return categories.length || shape.reduce((product, entry) => product * entry, 1);
}

/** How many numbers an input becomes after preprocessing. */
export function encodedWidth(input: Encoded): number {
  const { preprocessing, placement } = input;
  // Padding is not counted.
  if (countsElements(preprocessing)) return idCount(input) - 1;
  const indicator = hasIndicator(input) ? 1 : 0;
  if (preprocessing === "CALENDAR") return calendarWidth + indicator;
  const isId = preprocessing === "ORDINAL" || preprocessing === "EMBEDDING";
  const ofElement = isId ? 1 : input.categories.length > 0 ? codeCount(input) : oneHotWidth(input);
  return ofElement * (placement?.maxLength ?? 1) + indicator;
}
