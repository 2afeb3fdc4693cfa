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
}

/** Collects what is wrong with the rows of a file: by feature, code and value, with counts and examples. */
export class ImportProblems {
  readonly #groups = new Map<string, ImportProblem>();
  #omitted = 0;

  get isEmpty(): boolean {
    return this.#groups.size === 0;
  }

  /** @param line as if every row had one line. */
  add(
    problem: Pick<ImportProblem, "feature" | "code" | "value"> & {
      row: number;
      line: number | null;
      message: () => string;
    },
  ): void {
    const { feature, code, value, row, line, message } = problem;
    const key = JSON.stringify([feature, code, value]);
    const known = this.#groups.get(key);
    if (known) {
      known.count++;
      if (line !== null && known.lines.length < importLimits.examples) known.lines.push(line);
      return;
    }
    if (this.#groups.size >= importLimits.problems) {
      this.#omitted++;
      return;
    }
    const at = Findings.start("rows").at(row);
    const path = feature === null ? at.path : at.at(feature).path;
    this.#groups.set(key, {
      ...{ path, code, message: message(), line, feature, value, count: 1 },
      lines: line === null ? [] : [line],
    });
  }

  /**
   * All of them, the most frequent first.
   *
   * @param rejected the lines, ascending, that the format's reader left out: rows behind them lie further down.
   */
  list(rejected: readonly number[] = []): ImportProblem[] {
    const moved = (line: number) => {
      let at = line;
      for (const left of rejected) {
        if (left > at) break;
        at++;
      }
      return at;
    };
    const all = [...this.#groups.values()].map((problem) => {
      if (problem.feature === null && problem.code === "UNREADABLE") return problem;
      const lines = problem.lines.map(moved);
      return { ...problem, lines, line: problem.line === null ? null : moved(problem.line) };
    });
    all.sort((a, b) => b.count - a.count);
    if (this.#omitted > 0) {
      const message = `${this.#omitted} more values are not listed.`;
      all.push({
        path: "rows",
        code: "BAD_TYPE",
        message,
        line: null,
        feature: null,
        value: null,
        count: this.#omitted,
        lines: [],
      });
    }
    return all;
  }
}
