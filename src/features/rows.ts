import type { Feature } from "../language/datasets/dataset.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem, ProblemCode } from "../language/fields/problem.js";
import { listed, shown } from "../language/fields/wording.js";
import { codecs } from "./types/codecs.js";

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
 * What a value must be is in the codecs (`types/`). A value's first fault alone is reported.
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
    check: codecs[feature.type].check(feature),
  }));
  const known = new Set(features.map(({ name }) => name));
  return (findings, index, row) => {
    if (!isRecord(row)) {
      findings.add("BAD_TYPE", () => `must be an object with a field per feature, got ${shown(row)}.`, index);
      return;
    }
    const at = findings.at(index);
    for (const { feature, isRequired, check } of checks) {
      const { name } = feature;
      // Own fields only: `row.constructor` must not find what every object inherits.
      const value = Object.hasOwn(row, name) ? row[name] : undefined;
      const fault = rules.faultOf?.(index, name);
      if (fault !== undefined) at.add(fault.code, fault.message, name);
      else if (value !== undefined && value !== null) check(at, name, value);
      else if (isRequired) at.add("REQUIRED", () => `is required: ${codecs[feature.type].expected(feature)}.`, name);
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
