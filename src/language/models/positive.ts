import { classesOf, type TargetType } from "../datasets/feature-types.js";
import type { Findings } from "../fields/findings.js";
import { listed, shown } from "../fields/wording.js";

/** A target as far as its classes depend on it. */
export interface ClassTarget {
  type: TargetType;
  categories: readonly string[];
  /** Of two categories the one that is declared to be positive. */
  positiveCategory?: string;
}

/**
 * The positive one of two classes, as its index: `true` of a BINARY target; of a CATEGORY the declared one, by default the
 * second. Undefined for a target that does not have exactly two classes.
 */
export function positiveClass(target: ClassTarget): number | undefined {
  const classes = classesOf(target);
  if (classes?.length !== 2) return undefined;
  return target.positiveCategory === undefined ? 1 : classes.indexOf(target.positiveCategory);
}

/** The target with the positive category that is declared; the same where none is. */
export function withPositive<Target extends ClassTarget>(
  findings: Findings,
  target: Target,
  declared: string | null | undefined,
): Target {
  if (declared === undefined || declared === null) return target;
  const { type, categories } = target;
  const add = (code: Parameters<Findings["add"]>[0], message: Parameters<Findings["add"]>[1]) =>
    findings.add(code, message, "positiveCategory");
  const classes = classesOf(target);
  if (!classes || categories.length === 0) {
    const means = classes ? ", whose positive class is true" : "";
    add("CONTRADICTION", `applies to CATEGORY targets with two categories only, and this is a ${type}${means}.`);
  } else if (categories.length !== 2) {
    add("CONTRADICTION", `applies to targets with two categories only, and this one has ${categories.length}.`);
  } else if (typeof declared !== "string") {
    add("BAD_TYPE", () => `must be a category, got ${shown(declared)}.`);
  } else if (!categories.includes(declared)) {
    add(
      "UNKNOWN_CATEGORY",
      () => `${shown(declared)} is not a category of the target, which has ${listed(categories)}.`,
    );
  } else return { ...target, positiveCategory: declared };
  return target;
}
