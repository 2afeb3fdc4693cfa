import type { EntityManager } from "typeorm";
import { refuse } from "../db/transaction.js";
import type { Dataset } from "../entities/dataset.js";
import { advance } from "../features/split-arrival.js";
import type { SplitCounts } from "../features/split-quota.js";
import { count } from "../language/fields/wording.js";

/** Bounds of splits. */
export const splitLimits = {
  /** Strata of a dataset: distinct values of `split.stratifyBy`. */
  strata: 10_000,
} as const;

type Strata = readonly (readonly [stratum: string, rows: number])[];

/**
 * Gives parts to arriving rows, in the transaction that adds them; the caller holds the lock on the dataset.
 *
 * @param segments the strata of each segment, in the order of the rows.
 * @returns how many rows each part gets.
 */
export async function divideArrivals(
  manager: EntityManager,
  { id, split }: Pick<Dataset, "id" | "split">,
  segments: readonly Strata[],
): Promise<SplitCounts> {
  // The order between strata plays no part, so the rows of each are taken together.
  const rows = new Map<string, number>();
  for (const [stratum, more] of segments.flat()) rows.set(stratum, (rows.get(stratum) ?? 0) + more);
  const strata = [...rows];
  const names = strata.map(([stratum]) => stratum);
  const known = await manager.query<({ stratum: string } & SplitCounts)[]>(
    "SELECT stratum, train, validation, test FROM dataset_stratum WHERE dataset_id = $1 AND stratum = ANY($2)",
    [id, names],
  );
  const tallies = new Map(known.map(({ stratum, ...counts }) => [stratum, counts]));
  await assertRoom(manager, { id, split }, names.length - known.length);
  const added = await advance(split, tallies, strata);
  const countsOf = (part: keyof SplitCounts) => names.map((stratum) => tallies.get(stratum)?.[part] ?? 0);
  await manager.query(
    `INSERT INTO dataset_stratum (dataset_id, stratum, train, validation, test)
     SELECT $1, * FROM unnest($2::text[], $3::int[], $4::int[], $5::int[])
     ON CONFLICT (dataset_id, stratum)
       DO UPDATE SET train = excluded.train, validation = excluded.validation, test = excluded.test`,
    [id, names, countsOf("train"), countsOf("validation"), countsOf("test")],
  );
  return added;
}

async function assertRoom(manager: EntityManager, { id, split }: Pick<Dataset, "id" | "split">, fresh: number) {
  if (fresh === 0) return;
  const [before] = await manager.query<{ count: number }[]>(
    "SELECT count(*)::int AS count FROM dataset_stratum WHERE dataset_id = $1",
    [id],
  );
  const total = (before?.count ?? 0) + fresh;
  if (total <= splitLimits.strata) return;
  const message = `the split stratifies by ${split.stratifyBy}, which would have ${count(total)} values; at most ${count(splitLimits.strata)} are allowed.`;
  refuse("rows", "OUT_OF_RANGE", message);
}
