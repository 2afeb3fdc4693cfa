import type { Feature } from "../language/datasets/dataset.js";
import { describedType } from "../language/datasets/feature-types.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem, ProblemCode } from "../language/fields/problem.js";
import { listed, shown } from "../language/fields/wording.js";
import { fieldReader, isPlain } from "./own-field.js";
import { codecs } from "./types/codecs.js";

export interface RowRules {
  /** Names of the features that every row must have a value for; by default all that are not nullable. The others may be absent or null. */
  require?: readonly string[];
  /** Whether fields other than features are ignored instead of refused. */
  allowExtra?: boolean;
  /** Other fields that a row may have. They are not checked. */
  ignore?: ReadonlySet<string>;
  /** Where the rows lie in the input; default `rows`. */
  path?: string;
  /** The number of the first of these rows, where they are a part of a longer input; default 0. */
  firstRow?: number;
  /** A fault that was found in a value before. It is reported instead of what this check finds. */
  faultOf?(row: number, feature: string): ValueFault | undefined;
}

/** What is wrong with one value. */
export interface ValueFault {
  code: ProblemCode;
  message: string;
}

/**
 * Checks rows from outside, which may be any JSON, and returns at most 100 problems with paths such as
 * `rows[3].sepal_length`. Where there are more, checking stops, and a last problem says at which row. So no input takes
 * longer than rows without faults. Never throws.
 *
 * The codecs (`types/`) define what a value must be. Only the first fault of a value is reported.
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

/** Adds the problems of one row, which is at `index`, to `findings`. */
export type RowChecker = (findings: Findings, index: number, row: unknown) => void;

/** `validateRows` row by row. The checks are prepared once for all rows. */
export function rowChecker(features: readonly Feature[], rules: RowRules): RowChecker {
  const required = new Set(rules.require);
  const checks = features.map((feature) => ({
    feature,
    isRequired: rules.require === undefined ? !feature.nullable : required.has(feature.name),
    check: codecs[feature.type].check(feature),
    read: fieldReader(feature.name),
    // Only files are decoded before they are checked.
    faultOf: describedType(feature.type).takesFiles ? rules.faultOf : undefined,
  }));
  const known = new Set(features.map(({ name }) => name));
  return (findings, index, row) => {
    if (!isRecord(row)) {
      findings.add("BAD_TYPE", () => `must be an object with a field per feature, got ${shown(row)}.`, index);
      return;
    }
    const at = findings.at(index);
    let present = 0;
    const plain = isPlain(row);
    for (const { feature, isRequired, check, read, faultOf } of checks) {
      const { name } = feature;
      const value = read(row, plain);
      if (value !== undefined) present++;
      const fault = faultOf?.(index, name);
      if (fault !== undefined) at.add(fault.code, fault.message, name);
      else if (value !== undefined && value !== null) check(at, name, value);
      else if (isRequired) at.add("REQUIRED", () => `is required: ${codecs[feature.type].expected(feature)}.`, name);
      if (findings.isOverflowing) return;
    }
    if (rules.allowExtra) return;
    const keys = Object.keys(row);
    // In a wide row, looking for each of its fields takes as long as checking it.
    if (keys.length === present) return;
    for (const key of keys) {
      if (known.has(key) || rules.ignore?.has(key)) continue;
      at.add("UNKNOWN_FIELD", () => `is not a feature; the features are ${listed(known)}.`, key);
      if (findings.isOverflowing) return;
    }
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
