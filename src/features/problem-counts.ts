import type { Feature } from "../language/datasets/dataset.js";
import { Findings } from "../language/fields/findings.js";
import type { ProblemCode } from "../language/fields/problem.js";
import type { RowRules } from "./rows.js";
import { codecs } from "./types/codecs.js";

/** How many rows have a problem with one feature. */
export interface ProblemCount {
  feature: string;
  code: ProblemCode;
  count: number;
  /** The first ten different values, as text. */
  examples: string[];
}

const [examples, exampleLength] = [10, 100];

/** Counts what is wrong with the values of rows, of all rows and not of the first ones alone; the most frequent first. */
export function countProblems(
  features: readonly Feature[],
  rows: readonly unknown[],
  faultOf: NonNullable<RowRules["faultOf"]> = () => undefined,
): ProblemCount[] {
  const found = new Map<string, ProblemCount>();
  for (const feature of features) {
    const { name, nullable } = feature;
    const check = codecs[feature.type].check(feature);
    let findings = Findings.start("", 1);
    for (const [index, row] of rows.entries()) {
      if (typeof row !== "object" || row === null) continue;
      const value = Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : undefined;
      let code = faultOf(index, name)?.code;
      if (code === undefined && (value === undefined || value === null)) code = nullable ? undefined : "REQUIRED";
      else if (code === undefined && !check(findings, name, value)) {
        code = findings.problems()[0]?.code;
        findings = Findings.start("", 1);
      }
      if (code === undefined) continue;
      const key = JSON.stringify([name, code]);
      const known = found.get(key) ?? { feature: name, code, count: 0, examples: [] };
      found.set(key, known);
      known.count++;
      if (known.examples.length >= examples || value === undefined || value === null) continue;
      const text = (typeof value === "string" ? value : (JSON.stringify(value) ?? "")).slice(0, exampleLength);
      if (!known.examples.includes(text)) known.examples.push(text);
    }
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}
