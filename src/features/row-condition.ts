import type { SplitPart } from "../language/datasets/dataset.js";

/** What a row is compared by: its ordinal, the number of the version that added it, its part, or a feature's value. */
export type RowSubject = "ordinal" | "version" | "part" | { feature: string };

/** How a value is compared. Instants are milliseconds since 1970. */
export interface Comparisons {
  eq?: unknown;
  ne?: unknown;
  in?: readonly unknown[];
  notIn?: readonly unknown[];
  lt?: number;
  lte?: number;
  gt?: number;
  gte?: number;
  contains?: string;
  startsWith?: string;
}

/**
 * A condition on rows, as plain data that a thread can be sent. A missing value meets no comparison, not even `ne`; `not`
 * turns an answer round, also that.
 */
export type RowCondition =
  | { all: RowCondition[] }
  | { any: RowCondition[] }
  | { not: RowCondition }
  | { of: RowSubject; by: Comparisons }
  | { of: { feature: string }; isMissing: boolean };

/** What a condition asks of the rows of a table, by their place in it. */
export interface RowFacts {
  ordinalOf(row: number): number;
  /** The number of the version that added all of them. */
  version: number;
  partOf(row: number): SplitPart;
  /** The value of each row as it is compared: a number, text or boolean, an instant as milliseconds; null if it is missing. */
  valueOf(feature: string): (row: number) => unknown;
}

/** Whether each row of a table meets a condition. Prepared once for all rows. */
export function rowPredicate(condition: RowCondition, facts: RowFacts): (row: number) => boolean {
  if ("all" in condition) {
    const parts = condition.all.map((part) => rowPredicate(part, facts));
    return (row) => parts.every((holds) => holds(row));
  }
  if ("any" in condition) {
    const parts = condition.any.map((part) => rowPredicate(part, facts));
    return (row) => parts.some((holds) => holds(row));
  }
  if ("not" in condition) {
    const holds = rowPredicate(condition.not, facts);
    return (row) => !holds(row);
  }
  const read = subjectReader(condition.of, facts);
  if ("isMissing" in condition) return (row) => (read(row) === null) === condition.isMissing;
  const holds = comparisonOf(condition.by);
  return (row) => {
    const value = read(row);
    return value !== null && holds(value);
  };
}

function subjectReader(subject: RowSubject, facts: RowFacts): (row: number) => unknown {
  if (subject === "ordinal") return (row) => facts.ordinalOf(row);
  if (subject === "version") return () => facts.version;
  if (subject === "part") return (row) => facts.partOf(row);
  return facts.valueOf(subject.feature);
}

function comparisonOf(by: Comparisons): (value: unknown) => boolean {
  const tests: ((value: unknown) => boolean)[] = [];
  const { lt, lte, gt, gte, contains, startsWith } = by;
  if (by.eq !== undefined) tests.push((value) => value === by.eq);
  if (by.ne !== undefined) tests.push((value) => value !== by.ne);
  if (by.in !== undefined) {
    const among = new Set(by.in);
    tests.push((value) => among.has(value));
  }
  if (by.notIn !== undefined) {
    const among = new Set(by.notIn);
    tests.push((value) => !among.has(value));
  }
  if (lt !== undefined) tests.push((value) => (value as number) < lt);
  if (lte !== undefined) tests.push((value) => (value as number) <= lte);
  if (gt !== undefined) tests.push((value) => (value as number) > gt);
  if (gte !== undefined) tests.push((value) => (value as number) >= gte);
  if (contains !== undefined) tests.push((value) => (value as string).includes(contains));
  if (startsWith !== undefined) tests.push((value) => (value as string).startsWith(startsWith));
  return (value) => tests.every((holds) => holds(value));
}

/** The features whose values a condition looks at. */
export function featuresIn(condition: RowCondition): string[] {
  if ("all" in condition) return condition.all.flatMap(featuresIn);
  if ("any" in condition) return condition.any.flatMap(featuresIn);
  if ("not" in condition) return featuresIn(condition.not);
  return typeof condition.of === "object" ? [condition.of.feature] : [];
}

/** Whether a condition looks at the parts of rows. */
export function asksForParts(condition: RowCondition): boolean {
  if ("all" in condition) return condition.all.some(asksForParts);
  if ("any" in condition) return condition.any.some(asksForParts);
  if ("not" in condition) return asksForParts(condition.not);
  return condition.of === "part";
}

/**
 * The least and the greatest number of a subject that a condition can hold for, so that rows outside need not be read. Only
 * what must hold in any case is looked at.
 */
export function boundsOf(condition: RowCondition, subject: "ordinal" | "version"): { least: number; greatest: number } {
  let [least, greatest] = [0, Number.POSITIVE_INFINITY];
  const narrow = (from: number, to: number) => {
    least = Math.max(least, from);
    greatest = Math.min(greatest, to);
  };
  const look = (part: RowCondition): void => {
    if ("all" in part) for (const each of part.all) look(each);
    if (!("by" in part) || part.of !== subject) return;
    const { eq, in: among, lt, lte, gt, gte } = part.by;
    if (eq !== undefined) narrow(eq as number, eq as number);
    if (among !== undefined) {
      const numbers = among as readonly number[];
      narrow(Math.min(...numbers), Math.max(...numbers));
    }
    if (lt !== undefined) narrow(0, lt - 1);
    if (lte !== undefined) narrow(0, lte);
    if (gt !== undefined) narrow(gt + 1, Number.POSITIVE_INFINITY);
    if (gte !== undefined) narrow(gte, Number.POSITIVE_INFINITY);
  };
  look(condition);
  return { least, greatest };
}
