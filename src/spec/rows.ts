import type { Feature } from "./dataset.js";
import { Findings } from "./findings.js";
import { limits } from "./limits.js";
import type { Problem } from "./problem.js";
import { listed, shown, shownShape } from "./wording.js";

export interface RowRules {
  /** Names of the features that every row must have a value for, by default all. The others may be missing or null. */
  require?: readonly string[];
  /** Whether fields that are no features are ignored instead of refused. */
  allowExtra?: boolean;
  /** Where the rows lie in the input; default `rows`. */
  path?: string;
}

/**
 * Checks rows from outside, which may be anything at all, and answers what is wrong with them: nothing, or at most 100
 * problems with paths such as `rows[3].sepal_length` and one more that counts the rest. Never throws.
 *
 * NUMBER: a finite number (not a string) within 32-bit floats. BINARY: true or false. CATEGORY: one of the declared
 * strings. VECTOR: a list of `shape[0]` numbers. IMAGE: nested lists of shape [height, width, channels], or one flat
 * list of as many numbers in that order. A value's first fault alone is reported.
 */
export function validateRows(features: readonly Feature[], rows: unknown, rules: RowRules = {}): Problem[] {
  const findings = Findings.start(rules.path ?? "rows", limits.rowProblems);
  if (!Array.isArray(rows)) findings.add("BAD_TYPE", `must be a list of rows, got ${shown(rows)}.`);
  else if (rows.length === 0) findings.add("EMPTY", "must hold at least one row.");
  else {
    const checks = features.map((feature) => ({
      feature,
      required: rules.require?.includes(feature.name) ?? true,
      categories: new Set(feature.categories),
    }));
    const known = new Set(features.map(({ name }) => name));
    const names = listed(known);
    for (const [index, row] of rows.entries()) {
      if (!isRecord(row)) {
        findings.add("BAD_TYPE", `must be an object with a field per feature, got ${shown(row)}.`, index);
        continue;
      }
      const at = findings.at(index);
      for (const { feature, required, categories } of checks) {
        // Own fields only: `row.constructor` must not find what every object inherits.
        const value = Object.hasOwn(row, feature.name) ? row[feature.name] : undefined;
        if (value !== undefined && value !== null) checkValue(at, feature, categories, value);
        else if (required) at.add("REQUIRED", `is required: ${expected(feature)}.`, feature.name);
      }
      if (rules.allowExtra) continue;
      for (const key of Object.keys(row)) {
        if (!known.has(key)) at.add("UNKNOWN_FIELD", `is not a feature; the features are ${names}.`, key);
      }
    }
  }
  return findings.problems();
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
      if (typeof value !== "string")
        at.add("BAD_TYPE", `must be ${expected(feature)}, got ${shown(value)}.`, feature.name);
      else if (!categories.has(value)) {
        at.add("UNKNOWN_CATEGORY", `must be ${expected(feature)}, got ${shown(value)}.`, feature.name);
      }
      break;
    default: {
      const flat = feature.type === "IMAGE" && Array.isArray(value) && !Array.isArray(value[0]);
      const shape = flat ? [feature.shape.reduce((product, entry) => product * entry, 1)] : feature.shape;
      checkNumbers(at, feature.name, value, shape, expected(feature));
    }
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
  }
}
