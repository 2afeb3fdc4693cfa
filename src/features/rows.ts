import type { Feature } from "../language/datasets/dataset.js";
import { inexactDigits } from "../language/fields/exact-integers.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem, ProblemCode } from "../language/fields/problem.js";
import { count, listed, shown, shownShape } from "../language/fields/wording.js";
import { type CategoryCodes, categoryCodes } from "./category-codes.js";
import { parseTimestamp } from "./timestamp.js";

/** Pixels as a decoder gives them: what an image file has become. */
export type Pixels = Uint8Array;

export interface RowRules {
  /** Names of the features that every row must have a value for, by default all. The others may be missing or null. */
  require?: readonly string[];
  /** Whether fields that are no features are ignored instead of refused. */
  allowExtra?: boolean;
  /** Fields that are no features and may be there all the same: they are not looked at. */
  ignore?: ReadonlySet<string>;
  /** Where the rows lie in the input; default `rows`. */
  path?: string;
  /** The number of the first of these rows in the input, where they are a part of it; default 0. */
  firstRow?: number;
  /** What was found wrong with a value before: it takes the place of what would be found here. */
  faultOf?(row: number, feature: string): ValueFault | undefined;
}

/** What is wrong with one value. */
export interface ValueFault {
  code: ProblemCode;
  message: string;
}

/**
 * Checks rows from outside, which may be anything at all, and answers what is wrong with them: nothing, or at most 100
 * problems with paths such as `rows[3].sepal_length`. Where there are more, checking stops, and a last problem says at
 * which row: no input makes this take longer than rows without faults would. Never throws.
 *
 * NUMBER: a finite number (not a string) within 32-bit floats, no integer that 64-bit floats do not hold. BINARY: true or
 * false. CATEGORY: one of the declared strings. VECTOR: a list of `shape[0]` numbers. IMAGE: nested lists of shape
 * [height, width, channels], or one flat list of as many numbers in that order, or the `Pixels` that a file has been
 * decoded to. TEXT: any string of well-formed Unicode without NUL characters. SEQUENCE: a list of numbers, of lists of
 * `shape[0]` numbers or of declared categories, which may be empty. TIMESTAMP: see `timestamp.ts`. A value's first fault
 * alone is reported.
 */
export function validateRows(features: readonly Feature[], rows: unknown, rules: RowRules = {}): Problem[] {
  const findings = Findings.start(rules.path ?? "rows", limits.rowProblems);
  if (!Array.isArray(rows)) findings.add("BAD_TYPE", () => `must be a list of rows, got ${shown(rows)}.`);
  else if (rows.length === 0) findings.add("EMPTY", "must hold at least one row.");
  else {
    const checkRow = rowChecker(features, rules);
    const { firstRow = 0 } = rules;
    for (const [index, row] of rows.entries()) {
      checkRow(findings, firstRow + index, row);
      if (!findings.isOverflowing) continue;
      return findings.problems(`there are more problems: checking stopped at ${findings.path}[${firstRow + index}].`);
    }
  }
  return findings.problems();
}

/** Adds what is wrong with one row, which is the one at `index`, to `findings`. */
export type RowChecker = (findings: Findings, index: number, row: unknown) => void;

/** `validateRows` row by row. What is known of the features is prepared once for all rows. */
export function rowChecker(features: readonly Feature[], rules: RowRules): RowChecker {
  const required = new Set(rules.require);
  const checks = features.map((feature) => ({
    feature,
    isRequired: rules.require === undefined || required.has(feature.name),
    codes: categoryCodes(feature.categories),
  }));
  const known = new Set(features.map(({ name }) => name));
  return (findings, index, row) => {
    if (!isRecord(row)) {
      findings.add("BAD_TYPE", () => `must be an object with a field per feature, got ${shown(row)}.`, index);
      return;
    }
    const at = findings.at(index);
    for (const { feature, isRequired, codes } of checks) {
      const { name } = feature;
      // Own fields only: `row.constructor` must not find what every object inherits.
      const value = Object.hasOwn(row, name) ? row[name] : undefined;
      const fault = rules.faultOf?.(index, name);
      if (fault !== undefined) at.add(fault.code, fault.message, name);
      else if (value !== undefined && value !== null) checkValue(at, feature, codes, value);
      else if (isRequired) at.add("REQUIRED", () => `is required: ${expected(feature)}.`, name);
      if (findings.isOverflowing) return;
    }
    if (rules.allowExtra) return;
    for (const key of Object.keys(row)) {
      if (known.has(key) || rules.ignore?.has(key)) continue;
      at.add("UNKNOWN_FIELD", () => `is not a feature; the features are ${listed(known)}.`, key);
      if (findings.isOverflowing) return;
    }
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPixels(value: unknown): value is Pixels {
  return value instanceof Uint8Array;
}

function checkValue(at: Findings, feature: Feature, codes: CategoryCodes, value: unknown): void {
  switch (feature.type) {
    case "NUMBER":
      checkNumber(at, feature.name, value);
      break;
    case "BINARY":
      if (typeof value !== "boolean")
        at.add("BAD_TYPE", () => `must be true or false, got ${shown(value)}.`, feature.name);
      break;
    case "CATEGORY":
      checkCategory(at, feature.name, feature, codes, value);
      break;
    case "TEXT":
      checkText(at, feature.name, value);
      break;
    case "TIMESTAMP":
      if (typeof value !== "string" || parseTimestamp(value) === undefined)
        at.add("BAD_TYPE", () => `must be ${expected(feature)}, got ${shown(value)}.`, feature.name);
      break;
    case "SEQUENCE":
      checkSequence(at, feature, codes, value);
      break;
    default: {
      const flat = feature.type === "IMAGE" && (isPixels(value) || (Array.isArray(value) && !Array.isArray(value[0])));
      const shape = flat ? [feature.shape.reduce((product, entry) => product * entry, 1)] : feature.shape;
      checkNumbers(at, feature.name, value, shape, () => expected(feature));
    }
  }
}

function checkCategory(
  at: Findings,
  key: string | number,
  { categories }: Feature,
  codes: CategoryCodes,
  value: unknown,
): boolean {
  if (typeof value === "string" && codes(value) !== undefined) return true;
  const code = typeof value === "string" ? "UNKNOWN_CATEGORY" : "BAD_TYPE";
  at.add(code, () => `must be one of ${listed(categories, "or")}, got ${shown(value)}.`, key);
  return false;
}

/** Half a surrogate pair has no form in UTF-8, and a NUL none in Postgres, where a vocabulary is kept. */
function checkText(at: Findings, key: string, value: unknown): void {
  if (typeof value !== "string") at.add("BAD_TYPE", () => `must be a text, got ${shown(value)}.`, key);
  else if (value.length > limits.textLength) {
    const most = limits.textLength;
    at.add("TOO_LONG", () => `must have at most ${count(most)} characters, got ${count(value.length)}.`, key);
  } else if (value.includes("\u0000") || /\p{Surrogate}/u.test(value)) {
    at.add("BAD_TYPE", "must be well-formed text without NUL characters.", key);
  }
}

function checkSequence(at: Findings, feature: Feature, codes: CategoryCodes, value: unknown): void {
  const { name, shape } = feature;
  const most = limits.elements / (shape[0] ?? 1);
  if (!Array.isArray(value)) at.add("BAD_TYPE", () => `must be ${expected(feature)}, got ${shown(value)}.`, name);
  else if (value.length > most) {
    at.add("TOO_LONG", () => `must have at most ${count(Math.floor(most))} entries, got ${count(value.length)}.`, name);
  } else {
    const inner = at.at(name);
    const fits = (index: number) =>
      feature.categories.length > 0
        ? checkCategory(inner, index, feature, codes, value[index])
        : checkNumbers(inner, index, value[index], shape, () => `a list of ${shape[0]} numbers`);
    for (let index = 0; index < value.length; index++) if (!fits(index)) return;
  }
}

function checkNumber(at: Findings, key: string | number, value: unknown): boolean {
  if (inexactDigits(value) !== undefined) {
    const advice = "give a number that they hold, or declare a TEXT feature and give it as text";
    at.add("OUT_OF_RANGE", () => `is ${shown(value)}, which 64-bit floats do not hold exactly: ${advice}.`, key);
  } else if (typeof value !== "number") {
    at.add("BAD_TYPE", () => `must be a finite number, got ${shown(value)}.`, key);
  } else if (!Number.isFinite(Math.fround(value))) {
    at.add("OUT_OF_RANGE", () => `must be a finite number within 32-bit floats, got ${shown(value)}.`, key);
  } else return true;
  return false;
}

/** Stops at the first fault: an image of a wrong type would have a million. */
function checkNumbers(
  at: Findings,
  key: string | number,
  value: unknown,
  shape: readonly number[],
  wanted: () => string,
): boolean {
  const [length, ...rest] = shape;
  if (length === undefined) return checkNumber(at, key, value);
  if (!Array.isArray(value) && !isPixels(value)) {
    at.add("BAD_TYPE", () => `must be ${wanted()}, got ${shown(value)}.`, key);
  } else if (value.length !== length) {
    at.add("SHAPE_MISMATCH", () => `must have ${length} entries of ${wanted()}, got ${value.length}.`, key);
  } else if (isPixels(value)) return true;
  else {
    const inner = at.at(key);
    // By index: `every` would skip the holes of a sparse list.
    for (let index = 0; index < length; index++) {
      if (!checkNumbers(inner, index, value[index], rest, wanted)) return false;
    }
    return true;
  }
  return false;
}

/** What a value of the feature looks like, for people. */
function expected({ type, categories, shape }: Feature): string {
  switch (type) {
    case "NUMBER":
      return "a finite number";
    case "BINARY":
      return "true or false";
    case "CATEGORY":
      return `one of ${listed(categories, "or")}`;
    case "VECTOR":
      return `a list of ${shape[0]} numbers`;
    case "IMAGE":
      return `numbers of shape ${shownShape(shape)}`;
    case "TEXT":
      return "a text";
    case "TIMESTAMP":
      return 'a date and time in ISO 8601 with a zone, such as "2026-03-01T12:00:00Z", or a date';
    case "SEQUENCE":
      if (categories.length > 0) return `a list of ${listed(categories, "or")}`;
      return shape.length === 0 ? "a list of numbers" : `a list of lists of ${shape[0]} numbers`;
  }
}
