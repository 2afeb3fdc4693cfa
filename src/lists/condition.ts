import type { Parameters } from "../db/parameters.js";
import { PlatformError } from "../errors.js";
import { isStorable } from "./loaders.js";

/** The parameters of a condition, and its path in the argument. */
export interface Scope {
  parameters: Parameters;
  /** Such as `filter.and[0].state`. */
  path: string;
}

/** Translates the value of one filter field into a boolean SQL expression over the row `t`, which is never null. */
export type Condition<Given> = (given: Given, scope: Scope) => string;

/** The longest list that `in` and `notIn` take. */
export const maxListLength = 1_000;

/** An error in an argument that is not part of a declaration. */
export function badInput(path: string, message: string): PlatformError {
  return new PlatformError("BAD_INPUT", `${path}: ${message}`);
}

type Operator = (column: string, parameter: string) => string;

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["eq", (column, parameter) => `${column} = ${parameter}`],
  ["ne", (column, parameter) => `${column} <> ${parameter}`],
  ["in", (column, parameter) => `${column} = ANY (${parameter})`],
  ["notIn", (column, parameter) => `${column} <> ALL (${parameter})`],
  ["lt", (column, parameter) => `${column} < ${parameter}`],
  ["lte", (column, parameter) => `${column} <= ${parameter}`],
  ["gt", (column, parameter) => `${column} > ${parameter}`],
  ["gte", (column, parameter) => `${column} >= ${parameter}`],
  ["contains", (column, parameter) => `strpos(${column}, ${parameter}) > 0`],
  ["startsWith", (column, parameter) => `starts_with(${column}, ${parameter})`],
]);

/** Compares a column that is never null by the operators of `operators.ts`. */
export function compare(column: string): Condition<object> {
  return (given, { parameters, path }) =>
    conjunction(
      given,
      operators,
      (operator, value, name) => operator(column, parameters.bind(checkValue(value, `${path}.${name}`))),
      path,
    );
}

const bySize: ReadonlySet<string> = new Set(["lt", "lte", "gt", "gte"]);

/**
 * Compares a `float8` column that is never null. Postgres sorts NaN above every number; here no comparison by size holds
 * for NaN, on either side (IEEE 754). NaN equals itself, so that it can be looked for.
 */
export function compareNumber(column: string): Condition<object> {
  return (given, { parameters, path }) =>
    conjunction(
      given,
      operators,
      (operator, value, name) => {
        const parameter = `${parameters.bind(checkValue(value, `${path}.${name}`))}::float8`;
        const comparison = operator(column, parameter);
        return bySize.has(name) ? `(${comparison} AND 'NaN' NOT IN (${column}, ${parameter}))` : comparison;
      },
      path,
    );
}

/**
 * Postgres keeps microseconds and a JavaScript date milliseconds, so an instant that a client was shown stands for a
 * whole millisecond here. Otherwise a row would come after its own `createdAt`.
 */
const instantOperators: ReadonlyMap<string, (column: string, from: string, to: string) => string> = new Map([
  ["eq", (column: string, from: string, to: string) => `(${column} >= ${from} AND ${column} < ${to})`],
  ["lt", (column: string, from: string) => `${column} < ${from}`],
  ["lte", (column: string, _from: string, to: string) => `${column} < ${to}`],
  ["gt", (column: string, _from: string, to: string) => `${column} >= ${to}`],
  ["gte", (column: string, from: string) => `${column} >= ${from}`],
]);

/** Compares a `timestamptz` column that is never null. */
export function compareInstant(column: string): Condition<object> {
  return (given, { parameters, path }) =>
    conjunction(
      given,
      instantOperators,
      (operator, value) => {
        const from = `${parameters.bind(value)}::timestamptz`;
        return operator(column, from, `(${from} + interval '1 millisecond')`);
      },
      path,
    );
}

/** True where the row's `column` is the id of a row of `table` whose `name` fits: for filters by another object's name. */
export function nameOf(table: string, column: string): Condition<object> {
  return (given, scope) =>
    `EXISTS (SELECT FROM ${table} named WHERE named.id = t.${column} AND ${compare("named.name")(given, scope)})`;
}

function conjunction<Write>(
  given: object,
  known: ReadonlyMap<string, Write>,
  write: (operator: Write, value: unknown, name: string) => string,
  path: string,
): string {
  const terms: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    const operator = known.get(name);
    if (operator === undefined) throw badInput(`${path}.${name}`, "is not an operator");
    terms.push(write(operator, value, name));
  }
  return terms.length === 0 ? "true" : `(${terms.join(" AND ")})`;
}

function checkValue(value: unknown, path: string): unknown {
  if (Array.isArray(value)) {
    if (value.length > maxListLength)
      throw badInput(path, `must hold at most ${maxListLength} values, got ${value.length}`);
    return value.map((item, index) => checkValue(item, `${path}[${index}]`));
  }
  if (typeof value === "string" && !isStorable(value)) throw badInput(path, "must not contain the character U+0000");
  return value;
}
