import { rowFault } from "../language/fields/json-values.js";
import { shown } from "../language/fields/wording.js";
import type { RowsAt } from "./protocol.js";
import { isRecord, typeNameOf, variablesOf } from "./variables.js";

/** A list of rows in a body. */
export interface FoundRows {
  /** Keys from the body to the list. */
  path: string[];
  rows: unknown[];
}

/** Finds the lists of rows in the variables of a body, by their declared types. None if the body is not a GraphQL request. */
export function findRows(body: unknown, { scalars, inputs }: RowsAt): FoundRows[] {
  const { variables, definitions } = variablesOf(body);
  const found = new Map<string, FoundRows>();
  const take = (holder: unknown, path: string[]) => {
    const [field = ""] = path.slice(-1);
    const rows = isRecord(holder) && Object.hasOwn(holder, field) ? holder[field] : undefined;
    if (Array.isArray(rows) && rows.length > 0) found.set(path.join("\n"), { path, rows });
  };
  for (const { variable, type } of definitions) {
    const name = variable.name.value;
    const { named, isList } = typeNameOf(type);
    if (isList && scalars.includes(named)) take(variables, ["variables", name]);
    else if (!isList && Object.hasOwn(inputs, named) && Object.hasOwn(variables, name))
      for (const field of inputs[named] ?? []) take(variables[name], ["variables", name, field]);
  }
  return [...found.values()];
}

/** Why the rows are not JSON objects that can be stored; their dataset's rules are checked later. */
export function faultOfRows(rows: readonly unknown[]): string | undefined {
  for (const [index, row] of rows.entries()) {
    if (!isRecord(row)) return `rows[${index}] must be an object, not ${shown(row)}.`;
    const fault = rowFault(row);
    if (fault !== undefined) return `rows[${index}] must be ${fault}.`;
  }
  return undefined;
}

/** The length of a body's GraphQL document; 0 without one. */
export function documentLength(body: unknown): number {
  return isRecord(body) && typeof body.query === "string" ? body.query.length : 0;
}
