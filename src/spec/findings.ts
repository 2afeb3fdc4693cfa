import { limits } from "./limits.js";
import type { Problem, ProblemCode, Resolution } from "./problem.js";
import { count } from "./wording.js";

interface Log {
  readonly limit: number;
  readonly problems: Problem[];
  omitted: number;
  firstOmitted: ProblemCode | undefined;
}

const plainKey = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/**
 * Collects everything that is wrong with a declaration, from one place in it. `at` moves to a place further in; all
 * places write to one list, which stops growing at its limit so that no input can make the answer huge.
 */
export class Findings {
  private constructor(
    readonly path: string,
    private readonly log: Log,
  ) {}

  /** @param path where the declaration itself lies in the mutation's input; empty when it is the input. */
  static start(path = "", limit: number = limits.problems): Findings {
    return new Findings(path, { limit, problems: [], omitted: 0, firstOmitted: undefined });
  }

  /** The place `key` below this one. A key that is not a plain name (rows may hold any) is quoted and cut short. */
  at(key: string | number): Findings {
    return new Findings(this.pathOf(key), this.log);
  }

  /** Reports a problem with what lies under `key`; without a key, with this place itself. */
  add(code: ProblemCode, message: string, key?: string | number): void {
    if (this.log.problems.length < this.log.limit) {
      this.log.problems.push({ path: key === undefined ? this.path : this.pathOf(key), code, message });
    } else {
      this.log.omitted += 1;
      this.log.firstOmitted ??= code;
    }
  }

  /** Every problem found so far, under whichever place; beyond the limit one more that says how many are left out. */
  problems(): Problem[] {
    const { problems, omitted, firstOmitted } = this.log;
    if (firstOmitted === undefined) return [...problems];
    const more = `${count(omitted)} more ${omitted === 1 ? "problem is" : "problems are"} not listed.`;
    return [...problems, { path: this.path, code: firstOmitted, message: more }];
  }

  /** The resolved declaration if nothing was found, else all that was. */
  resolution<Spec>(spec: Spec): Resolution<Spec> {
    const problems = this.problems();
    return problems.length === 0 ? { spec } : { problems };
  }

  private pathOf(key: string | number): string {
    if (typeof key === "number") return `${this.path}[${key}]`;
    if (!plainKey.test(key)) return `${this.path}[${JSON.stringify(key.slice(0, 60))}${key.length > 60 ? "…" : ""}]`;
    return this.path === "" ? key : `${this.path}.${key}`;
  }
}
