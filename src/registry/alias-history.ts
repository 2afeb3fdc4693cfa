import type { DataSource } from "typeorm";
import { columnsOf, entityOf } from "../db/rows.js";
import { type Alias, AliasMove } from "../entities/alias.js";

/** The newest moves of each alias, at most `limit` of each, newest first. One statement, however many aliases. */
export async function movesOf(db: DataSource, aliases: readonly Alias[], limit: number): Promise<AliasMove[][]> {
  const rows = await db.query<Record<string, unknown>[]>(
    `SELECT alias.index AS "~index", move.* FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS alias (model_id, name, index)
     CROSS JOIN LATERAL (
       SELECT ${columnsOf(db, AliasMove, "m")} FROM alias_move m
       WHERE (m.model_id, m.name) = (alias.model_id, alias.name) ORDER BY m.seq DESC LIMIT $3
     ) move ORDER BY alias.index, move.seq DESC`,
    [aliases.map(({ modelId }) => modelId), aliases.map(({ name }) => name), limit],
  );
  const moves = aliases.map((): AliasMove[] => []);
  for (const row of rows) moves[Number(row["~index"]) - 1]?.push(entityOf(db, AliasMove, row));
  return moves;
}
