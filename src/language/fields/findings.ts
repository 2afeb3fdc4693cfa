import { limits } from "./limits.js";
import type { Problem, ProblemCode, Resolution } from "./problem.js";
import { count } from "./wording.js";

interface Log {
  readonly limit: number;
  readonly problems: Problem[];
  omitted: number;
  firstOmitted: ProblemCode | undefined;
}

/** What is wrong. A function is called only for a problem that is reported, so costly wording belongs into one. */
export type Message = string | (() => string);

const plainKey = new RegExp(`^[A-Za-z_][A-Za-z0-9_]{0,${limits.featureNameLength - 1}}$`);
/** Characters that a path shows of a key that is too long to be a name. */
const shownLength = 60;

/** The path of `key` below `path`: `rows[3]`, `rows[3].width`, `rows[3]["a.b"]`. A key too long to be a name is cut short. */
export function pathBelow(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (key.length > limits.featureNameLength) return `${path}[${JSON.stringify(key.slice(0, shownLength))}…]`;
  if (!plainKey.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/**
 * Collects everything that is wrong with a declaration, from one place in it. `at` moves to a place further in; all
 * places write to one list, which stops growing at its limit so that no input can make the answer huge. Paths and
 * messages are made for problems that are reported and for no others.
 */
export class Findings {
  private constructor(
    private readonly parent: Findings | undefined,
    private readonly key: string | number,
    private readonly log: Log,
  ) {}

  /** @param path where the declaration itself lies in the mutation's input; empty when it is the input. */
  static start(path = "", limit: number = limits.problems): Findings {
    return new Findings(undefined, path, { limit, problems: [], omitted: 0, firstOmitted: undefined });
  }

  /** Where this place lies in the mutation's input. */
  get path(): string {
    return this.parent === undefined ? String(this.key) : this.parent.pathOf(this.key);
  }

  /** Whether more was found than is listed. */
  get isOverflowing(): boolean {
    return this.log.omitted > 0;
  }

  /** The place `key` below this one. See `pathBelow` for keys that are no identifiers. */
  at(key: string | number): Findings {
    return new Findings(this, key, this.log);
  }

  /** Reports a problem with what lies under `key`; without a key, with this place itself. */
  add(code: ProblemCode, message: Message, key?: string | number): void {
    const { log } = this;
    if (log.problems.length < log.limit) {
      const path = key === undefined ? this.path : this.pathOf(key);
      log.problems.push({ path, code, message: typeof message === "string" ? message : message() });
    } else {
      log.omitted += 1;
      log.firstOmitted ??= code;
    }
  }

  /**
   * Every problem found so far, under whichever place; beyond the limit one more that says that some are left out.
   *
   * @param more what that one says; by default how many are left out.
   */
  problems(more?: string): Problem[] {
    const { problems, omitted, firstOmitted } = this.log;
    if (firstOmitted === undefined) return [...problems];
    const counted = `${count(omitted)} more ${omitted === 1 ? "problem is" : "problems are"} not listed.`;
    return [...problems, { path: this.path, code: firstOmitted, message: more ?? counted }];
  }

  /** The resolved declaration if nothing was found, else all that was. */
  resolution<Spec>(spec: Spec): Resolution<Spec> {
    const problems = this.problems();
    return problems.length === 0 ? { spec } : { problems };
  }

  private pathOf(key: string | number): string {
    return pathBelow(this.path, key);
  }
}
