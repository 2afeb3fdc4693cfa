import type DataLoader from "dataloader";
import type { ObjectLiteral } from "typeorm";
import type { EntityClass, Loaders } from "./loaders.js";

/** One of an owner's rows that are numbered 1, 2, 3 …; without a number the newest. */
export interface NumberedKey {
  ownerId: string;
  number?: number | null;
}

const greatestInt = 2 ** 31 - 1;

/**
 * Versions and revisions by number, and the newest of them; null where there is none. Both are found by
 * the same descent of the index on (owner, number).
 */
export function numberedLoader<Row extends ObjectLiteral & { id: string; number: number }>(
  loaders: Loaders,
  entity: EntityClass<Row>,
  ownerColumn: string,
): DataLoader<NumberedKey, Row | null> {
  const { db } = loaders;
  const { tableName } = db.getMetadata(entity);
  const batch = async (keys: readonly NumberedKey[]): Promise<(Row | null)[]> => {
    const found = await db.query<{ id: string }[]>(
      `SELECT newest.id FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS wanted (owner, number, index)
       LEFT JOIN LATERAL (
         SELECT t.id, t.number FROM "${tableName}" t
         WHERE t.${ownerColumn} = wanted.owner AND t.number <= coalesce(wanted.number, ${greatestInt})
         ORDER BY t.number DESC LIMIT 1
       ) newest ON newest.number = coalesce(wanted.number, newest.number)
       ORDER BY wanted.index`,
      [keys.map(({ ownerId }) => ownerId), keys.map(({ number }) => number ?? null)],
    );
    const byId = loaders.byId(entity);
    return Promise.all(found.map(({ id }) => (id === null ? null : byId.load(id))));
  };
  return loaders.batched(
    `${entity.name} by number`,
    batch,
    ({ ownerId, number }: NumberedKey) => `${ownerId} ${number ?? "newest"}`,
  );
}
