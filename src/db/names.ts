import type { EntityManager, EntityTarget, FindOptionsSelect, ObjectLiteral } from "typeorm";
import { declarationNamePattern } from "../language/fields/names.js";
import type { Problem } from "../language/fields/problem.js";
import { shown } from "../language/fields/wording.js";
import { sessionOf } from "./session.js";

type Named = ObjectLiteral & { name: string };

/** The problem of a field that names something that does not exist. */
export function unknownReference(field: string, name: string): Problem {
  return { path: field, code: "UNKNOWN_REFERENCE", message: `there is no ${field} ${shown(name)}.` };
}

/** Makes transactions that declare the same name wait for each other; released at the end of the transaction. */
export async function lockName(manager: EntityManager, kind: string, name: string): Promise<void> {
  const key = sessionOf(manager).scope.lockKey(kind, name);
  await manager.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [key]);
}

/**
 * What was declared under a name, or null. Texts that cannot be names are rejected before Postgres, which errors on some,
 * such as one with a NUL character.
 *
 * @param options.lock locks the row, as every change of it does.
 * @param options.columns the fields to read; all of them by default.
 */
export async function findNamed<Declared extends Named>(
  manager: EntityManager,
  entity: EntityTarget<Declared>,
  name: string,
  { lock = false, columns }: { lock?: boolean; columns?: readonly string[] } = {},
): Promise<Declared | null> {
  if (!declarationNamePattern.test(name)) return null;
  const where = sessionOf(manager).scope.where<Declared>(name);
  const select =
    columns && (Object.fromEntries(columns.map((column) => [column, true])) as FindOptionsSelect<Declared>);
  return manager.findOne(entity, { where, select, ...(lock && { lock: { mode: "for_no_key_update" } }) });
}
