import type { Feature } from "./dataset.js";
import { Findings } from "./findings.js";
import { limits } from "./limits.js";
import type { Problem, ProblemCode } from "./problem.js";
import { parseTimestamp } from "./timestamp.js";
import { count, listed, shown, shownShape } from "./wording.js";

export interface RowRules {
  /** Names of the features that every row must have a value for, by default all. The others may be missing or null. */
  require?: readonly string[];
  /** Whether fields that are no features are ignored instead of refused. */
  allowExtra?: boolean;
  /** Fields that are no features and may be there all the same: they are not looked at. */
  ignore?: ReadonlySet<string>;
  /** Where the rows lie in the input; default `rows`. */
  path?: string;
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
 * problems with paths such as `rows[3].sepal_length` and one more that counts the rest. Never throws.
 *
 * NUMBER: a finite number (not a string) within 32-bit floats. BINARY: true or false. CATEGORY: one of the declared
 * strings. VECTOR: a list of `shape[0]` numbers. IMAGE: nested lists of shape [height, width, channels], or one flat
 * list of as many numbers in that order (image files have been decoded to such before). TEXT: any string of well-formed
 * Unicode without NUL characters. SEQUENCE: a list of numbers, of lists of `shape[0]` numbers or of declared categories,
 * which may be empty. TIMESTAMP: see `timestamp.ts`. A value's first fault alone is reported.
 */
export function validateRows(features: readonly Feature[], rows: unknown, rules: RowRules = {}): Problem[] {
  const findings = Findings.start(rules.path ?? "rows", limits.rowProblems);
  if (!Array.isArray(rows)) findings.add("BAD_TYPE", `must be a list of rows, got ${shown(rows)}.`);
  else if (rows.length === 0) findings.add("EMPTY", "must hold at least one row.");
  else {
    const checkRow = rowChecker(features, rules);
    for (const [index, row] of rows.entries()) checkRow(findings, index, row);
  }
  return findings.problems();
}

/** Adds what is wrong with one row, which is the one at `index`, to `findings`. */
export type RowChecker = (findings: Findings, index: number, row: unknown) => void;

/** `validateRows` row by row. What is known of the features is prepared once for all rows. */
export function rowChecker(features: readonly Feature[], rules: RowRules): RowChecker {
  const checks = features.map((feature) => ({
    feature,
    required: rules.require?.includes(feature.name) ?? true,
    categories: new Set(feature.categories),
  }));
  const known = new Set(features.map(({ name }) => name));
  const names = listed(known);
  return (findings, index, row) => {
    if (!isRecord(row)) {
      findings.add("BAD_TYPE", `must be an object with a field per feature, got ${shown(row)}.`, index);
      return;
    }
    const at = findings.at(index);
    for (const { feature, required, categories } of checks) {
      // Own fields only: `row.constructor` must not find what every object inherits.
      const value = Object.hasOwn(row, feature.name) ? row[feature.name] : undefined;
      const fault = rules.faultOf?.(index, feature.name);
      if (fault !== undefined) at.add(fault.code, fault.message, feature.name);
      else if (value !== undefined && value !== null) checkValue(at, feature, categories, value);
      else if (required) at.add("REQUIRED", `is required: ${expected(feature)}.`, feature.name);
    }
    if (rules.allowExtra) return;
    for (const key of Object.keys(row)) {
      if (known.has(key) || rules.ignore?.has(key)) continue;
      at.add("UNKNOWN_FIELD", `is not a feature; the features are ${names}.`, key);
    }
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkValue(at: Findings, feature: Feature, categories: ReadonlySet<string>, value: unknown): void {
  switch (feature.type) {
    case "NUMBER":
      checkNumber(at, feature.name, value);
      break;
    case "BINARY":
      if (typeof value !== "boolean") at.add("BAD_TYPE", `must be true or false, got ${shown(value)}.`, feature.name);
      break;
    case "CATEGORY":
      checkCategory(at, feature.name, categories, value);
      break;
    case "TEXT":
      checkText(at, feature.name, value);
      break;
    case "TIMESTAMP":
      if (typeof value !== "string" || parseTimestamp(value) === undefined)
        at.add("BAD_TYPE", `must be ${expected(feature)}, got ${shown(value)}.`, feature.name);
      break;
    case "SEQUENCE":
      checkSequence(at, feature, categories, value);
      break;
    default: {
      const flat = feature.type === "IMAGE" && Array.isArray(value) && !Array.isArray(value[0]);
      const shape = flat ? [feature.shape.reduce((product, entry) => product * entry, 1)] : feature.shape;
      checkNumbers(at, feature.name, value, shape, expected(feature));
    }
  }
}

function checkCategory(at: Findings, key: string | number, categories: ReadonlySet<string>, value: unknown): boolean {
  if (typeof value === "string" && categories.has(value)) return true;
  const code = typeof value === "string" ? "UNKNOWN_CATEGORY" : "BAD_TYPE";
  at.add(code, `must be one of ${listed(categories, "or")}, got ${shown(value)}.`, key);
  return false;
}

/** Half a surrogate pair has no form in UTF-8, and a NUL none in Postgres, where a vocabulary is kept. */
function checkText(at: Findings, key: string, value: unknown): void {
  if (typeof value !== "string") at.add("BAD_TYPE", `must be a text, got ${shown(value)}.`, key);
  else if (value.length > limits.textLength) {
    at.add("TOO_LONG", `must have at most ${count(limits.textLength)} characters, got ${count(value.length)}.`, key);
  } else if (value.includes("\u0000") || /\p{Surrogate}/u.test(value)) {
    at.add("BAD_TYPE", "must be well-formed text without NUL characters.", key);
  }
}

function checkSequence(at: Findings, feature: Feature, categories: ReadonlySet<string>, value: unknown): void {
  const { name, shape } = feature;
  const most = limits.elements / (shape[0] ?? 1);
  if (!Array.isArray(value)) at.add("BAD_TYPE", `must be ${expected(feature)}, got ${shown(value)}.`, name);
  else if (value.length > most) {
    at.add("TOO_LONG", `must have at most ${count(Math.floor(most))} entries, got ${count(value.length)}.`, name);
  } else {
    const inner = at.at(name);
    const fits = (index: number) =>
      categories.size > 0
        ? checkCategory(inner, index, categories, value[index])
        : checkNumbers(inner, index, value[index], shape, `a list of ${shape[0]} numbers`);
    for (let index = 0; index < value.length; index++) if (!fits(index)) return;
  }
}

function checkNumber(at: Findings, key: string | number, value: unknown): boolean {
  if (typeof value !== "number") at.add("BAD_TYPE", `must be a finite number, got ${shown(value)}.`, key);
  else if (!Number.isFinite(Math.fround(value))) {
    at.add("OUT_OF_RANGE", `must be a finite number within 32-bit floats, got ${shown(value)}.`, key);
  } else return true;
  return false;
}

/** Stops at the first fault: an image of a wrong type would have a million. */
function checkNumbers(
  at: Findings,
  key: string | number,
  value: unknown,
  shape: readonly number[],
  wanted: string,
): boolean {
  const [length, ...rest] = shape;
  if (length === undefined) return checkNumber(at, key, value);
  if (!Array.isArray(value)) at.add("BAD_TYPE", `must be ${wanted}, got ${shown(value)}.`, key);
  else if (value.length !== length) {
    at.add("SHAPE_MISMATCH", `must have ${length} entries of ${wanted}, got ${value.length}.`, key);
  } else {
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
