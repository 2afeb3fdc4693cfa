import { Findings } from "../../language/fields/findings.js";
import type { ProblemCode } from "../../language/fields/problem.js";
import { importLimits } from "../limits.js";

/** What is wrong with some rows of a file, told once for all that have it. */
export interface ImportProblem {
  /** Of the first such row, such as `rows[12].age`. */
  path: string;
  code: ProblemCode;
  message: string;
  /** Of the first such row, from 1, the header included; null where the format has no lines. */
  line: number | null;
  feature: string | null;
  /** As the file has it; null for a missing one. */
  value: string | null;
  count: number;
  /** Of the first ten such rows. */
  lines: number[];
  /** In an archive: the name of the first such file; left out elsewhere. */
  entry?: string;
  /** Of the first ten such files. */
  entries?: string[];
}

/** A fault of one row: `row` counts the rows that could be read, from 0. */
export interface RowFault {
  feature: string | null;
  code: ProblemCode;
  value: string | null;
  row: number;
  message: () => string;
  /** For what lies in no such row. */
  line?: number;
}

type Group = Omit<ImportProblem, "line" | "lines" | "entry" | "entries"> & { rows: number[]; fixed: number[] };

/** Collects what is wrong with the rows of a file: by feature, code and value, with counts and examples. */
export class ImportProblems {
  readonly #groups = new Map<string, Group>();
  #omitted = 0;

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  add({ feature, code, value, row, message, line }: RowFault): void {
    const key = JSON.stringify([feature, code, value]);
    let group = this.#groups.get(key);
    if (!group) {
      if (this.#groups.size >= importLimits.problems) {
        this.#omitted++;
        return;
      }
      const at = Findings.start("rows").at(row);
      const path = feature === null ? at.path : at.at(feature).path;
      group = { path, code, message: message(), feature, value, count: 0, rows: [], fixed: [] };
      this.#groups.set(key, group);
    }
    group.count++;
    const known = line === undefined ? group.rows : group.fixed;
    if (known.length < importLimits.examples) known.push(line ?? row);
  }

  /**
   * All of them, the most frequent first.
   *
   * @param lineOf the line of a row; null where the format has none.
   * @param entryOf the name of the file that a row is, in an archive of such.
   */
  list(lineOf: (row: number) => number | null = () => null, entryOf?: (row: number) => string): ImportProblem[] {
    const all = [...this.#groups.values()].map(({ rows, fixed, ...problem }): ImportProblem => {
      const lines = [...fixed, ...rows.map(lineOf).filter((line) => line !== null)];
      const entries = entryOf && rows.map(entryOf);
      const [entry] = entries ?? [];
      return { ...problem, line: lines[0] ?? null, lines, ...(entry !== undefined && { entry, entries }) };
    });
    all.sort((a, b) => b.count - a.count);
    if (this.#omitted > 0) {
      const message = `${this.#omitted} more values are not listed.`;
      const nothing = { line: null, feature: null, value: null, lines: [] };
      all.push({ path: "rows", code: "BAD_TYPE", message, count: this.#omitted, ...nothing });
    }
    return all;
  }
}
