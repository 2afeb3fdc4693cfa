import { Any, type FindOptionsWhere, type ObjectLiteral } from "typeorm";

/** The project of what names none. */
export const defaultProject = "default";

/**
 * Where names are looked up. Every lookup by name in this program goes through the methods of a scope. Names are unique
 * on the platform today, so a scope adds no condition; a scope that is one project's adds it here and nowhere else.
 */
export class Scope {
  /** @param project the project of runs whose request names none. */
  constructor(readonly project: string = defaultProject) {}

  /** The row that is named so, or the rows that have one of several names. */
  where<Declared extends ObjectLiteral & { name: string }>(
    name: string | readonly string[],
  ): FindOptionsWhere<Declared> {
    return { name: typeof name === "string" ? name : Any(name) } as FindOptionsWhere<Declared>;
  }

  /** SQL for the id of the row of `table` that is named by a parameter, such as `$1`; null where there is none. */
  idOf(table: string, parameter: string): string {
    return `(SELECT id FROM ${table} WHERE name = ${parameter})`;
  }

  /** Names what transactions lock that declare the same name. */
  lockKey(kind: string, name: string): string {
    return `${kind}:${name}`;
  }

  /** A name for caches: the same in another scope may mean something else. */
  cacheKey(name: string): string {
    return name;
  }
}
