import type { Findings } from "./findings.js";
import { limits } from "./limits.js";
import { checkName, type NameKind } from "./names.js";
import { count, listed, shown } from "./wording.js";

type Key = string | number;

/** `min` and `max` are allowed themselves, `above` and `below` are not. A `fallback` makes the field optional. */
export interface NumberRule {
  integer?: boolean;
  min?: number;
  max?: number;
  above?: number;
  below?: number;
  fallback?: number;
}

/**
 * A number that also holds in the engine's 32-bit floats: 1e39 would be infinite there, and 1e-60 zero.
 * Answers the fallback, or NaN, for what is wrong: a spec with problems is never handed out.
 */
export function readNumber(at: Findings, key: Key, value: unknown, rule: NumberRule): number {
  if (value === undefined || value === null) {
    if (rule.fallback !== undefined) return rule.fallback;
    at.add("REQUIRED", () => `is required: ${wanted(rule)}.`, key);
    return Number.NaN;
  }
  const wrong = (code: "BAD_TYPE" | "OUT_OF_RANGE", single?: number) => {
    const rounded = single === undefined ? "" : `, which is ${single} in 32-bit floats`;
    at.add(code, () => `must be ${wanted(rule)}, got ${shown(value)}${rounded}.`, key);
    return rule.fallback ?? Number.NaN;
  };
  if (typeof value !== "number") return wrong("BAD_TYPE");
  if (!Number.isFinite(value)) return wrong("OUT_OF_RANGE");
  if (rule.integer && !Number.isInteger(value)) return wrong("BAD_TYPE");
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = rule;
  const { above = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY } = rule;
  if (!(value >= min && value <= max && value > above && value < below)) return wrong("OUT_OF_RANGE");
  const single = Math.fround(value);
  return Number.isFinite(single) && single > above && single < below ? value : wrong("OUT_OF_RANGE", single);
}

/** A whole number from `min` to `max`, by default as large as GraphQL's Int. */
export function readInteger(at: Findings, key: Key, value: unknown, min: number, fallback?: number, max?: number) {
  return readNumber(at, key, value, { integer: true, min, max: max ?? limits.int, fallback });
}

function wanted({ integer, min, max, above, below }: NumberRule): string {
  const kind = integer ? "a whole number" : "a finite number";
  if (min !== undefined && max !== undefined) return `${kind} from ${count(min)} to ${count(max)}`;
  const bounds = [
    min === undefined ? "" : `at least ${count(min)}`,
    above === undefined ? "" : `above ${count(above)}`,
    max === undefined ? "" : `at most ${count(max)}`,
    below === undefined ? "" : `below ${count(below)}`,
  ];
  return [kind, bounds.filter(Boolean).join(" and ")].filter(Boolean).join(" ");
}

/** A text that Postgres can store: no NUL and no half of a surrogate pair. Answers "" for what is wrong. */
export function readText(at: Findings, key: Key, value: unknown, rule: { min: number; max: number }): string {
  if (typeof value !== "string") at.add("BAD_TYPE", () => `must be a text, got ${shown(value)}.`, key);
  else if (value.length < rule.min) at.add("EMPTY", "must not be empty.", key);
  else if (value.length > rule.max) {
    at.add("TOO_LONG", () => `must have at most ${count(rule.max)} characters, got ${count(value.length)}.`, key);
  } else if (value.includes("\u0000") || /\p{Surrogate}/u.test(value)) {
    at.add("BAD_TYPE", () => `must be well-formed text without NUL characters, got ${shown(value)}.`, key);
  } else return value;
  return "";
}

/** A description: optional, "" by default. */
export function readDescription(at: Findings, value: unknown): string {
  return readText(at, "description", value ?? "", { min: 0, max: limits.descriptionLength });
}

/** A name by the rules of its kind. Answers "" for what is wrong. */
export function readName(at: Findings, key: Key, value: unknown, kind: NameKind): string {
  const problem = checkName(kind, value, "");
  if (problem) at.add(problem.code, problem.message, key);
  return problem || typeof value !== "string" ? "" : value;
}

export function readFlag(at: Findings, key: Key, value: unknown, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === "boolean") return value;
  at.add("BAD_TYPE", `must be true or false, got ${shown(value)}.`, key);
  return fallback;
}

/** One of a closed set. Without a fallback the field is required, and undefined is the answer to a wrong one. */
export function readChoice<T extends string>(
  at: Findings,
  key: Key,
  value: unknown,
  allowed: readonly T[],
  fallback: T,
): T;
export function readChoice<T extends string>(
  at: Findings,
  key: Key,
  value: unknown,
  allowed: readonly T[],
): T | undefined;
export function readChoice<T extends string>(
  at: Findings,
  key: Key,
  value: unknown,
  allowed: readonly T[],
  fallback?: T,
): T | undefined {
  if (value === undefined || value === null) {
    if (fallback === undefined) at.add("REQUIRED", () => `is required: ${listed(allowed, "or")}.`, key);
    return fallback;
  }
  const choice = allowed.find((item) => item === value);
  if (choice === undefined) at.add("BAD_TYPE", () => `must be ${listed(allowed, "or")}, got ${shown(value)}.`, key);
  return choice ?? fallback;
}

/** A required list with at most `max` items; [] for what is wrong. The items are still to be checked. */
export function readList<T>(at: Findings, key: Key, value: readonly T[] | null | undefined, max: number): readonly T[] {
  if (value === undefined || value === null) at.add("REQUIRED", "is required: a list.", key);
  else if (!Array.isArray(value)) at.add("BAD_TYPE", `must be a list, got ${shown(value)}.`, key);
  else if (value.length > max) {
    at.add("TOO_LONG", `must have at most ${count(max)} entries, got ${count(value.length)}.`, key);
  } else return value;
  return [];
}

/** An object, or undefined (and a problem) for anything else. */
export function readObject<T extends object>(at: Findings, key: Key, value: T | null | undefined): T | undefined {
  if (value === undefined || value === null) at.add("REQUIRED", "is required.", key);
  else if (typeof value !== "object" || Array.isArray(value)) {
    at.add("BAD_TYPE", () => `must be an object, got ${shown(value)}.`, key);
  } else return value;
  return undefined;
}

/** Like `readObject`, but for a field that may be left out. */
export function readOptional<T extends object>(at: Findings, key: Key, value: T | null | undefined): T | undefined {
  return value === undefined || value === null ? undefined : readObject(at, key, value);
}

/** The object of a one-of input, with exactly one of `keys` set; else undefined and a problem at `key`. */
export function readOneOf<T extends object>(
  at: Findings,
  key: Key,
  value: T | null | undefined,
  keys: readonly (keyof T & string)[],
): T | undefined {
  const object = readObject(at, key, value);
  if (object === undefined) return undefined;
  const given = givenKeys(object, keys);
  if (given.length === 1) return object;
  const got = given.length === 0 ? "none" : listed(given);
  at.add("EXACTLY_ONE", `must have exactly one of ${listed(keys, "or")}, got ${got}.`, key);
  return undefined;
}

/** At most one of `keys` may be set; the others after the first are contradictions. */
export function allowAtMostOne<T extends object>(at: Findings, object: T, keys: readonly (keyof T & string)[]): void {
  const [first, ...others] = givenKeys(object, keys);
  for (const key of others) {
    at.add("CONTRADICTION", `cannot be combined with ${first}: at most one of ${listed(keys)} is allowed.`, key);
  }
}

function givenKeys<T extends object>(object: T, keys: readonly (keyof T & string)[]): (keyof T & string)[] {
  return keys.filter((key) => object[key] !== undefined && object[key] !== null);
}
