import { randomUUID } from "node:crypto";
import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";
import { generationKey } from "../storage/keys.js";
import type { ObjectStore } from "../storage/object-store.js";
import { unknownMarks } from "./collect.js";
import { marksIn, openLedger } from "./ledger.js";
import { describeUnknown, Tally } from "./scan.js";

/** Marks are remembered for so long after they left the store, in case it is the store that is restored. */
const rememberedDays = 90;

/**
 * Leaves a mark in the store if anything was written since the last one: from then on a database that was restored from an
 * older backup finds a mark that it does not know, and collects nothing. The row comes first: a mark that is only in the
 * database is harmless.
 *
 * @throws PlatformError COLLECTION_REFUSED where there is such a mark already; none is made then, and the alarm stays.
 */
export async function markGeneration(
  db: DataSource,
  store: Pick<ObjectStore, "list" | "put" | "delete">,
): Promise<{ marked: boolean }> {
  const refusal = describeUnknown(new Tally(0), await unknownMarks(store, openLedger(db)));
  if (refusal !== undefined) throw new PlatformError("COLLECTION_REFUSED", refusal);
  const [row] = await db.query<{ written: boolean }[]>(
    // A minute of overlap: a row carries the time when its transaction began.
    `WITH last AS (SELECT coalesce(max(created_at) - interval '1 minute', '-infinity') AS at FROM store_generation)
     SELECT EXISTS (SELECT FROM run, last WHERE updated_at >= last.at)
       OR EXISTS (SELECT FROM dataset_version, last WHERE created_at >= last.at)
       OR EXISTS (SELECT FROM dataset_append, last WHERE part_count > 0 AND created_at >= last.at) AS written FROM last`,
  );
  if (!row?.written) return { marked: false };
  const mark = randomUUID();
  await db.query("INSERT INTO store_generation (mark) VALUES ($1)", [mark]);
  await store.put(generationKey(mark), new TextEncoder().encode("See ARCHITECTURE.md, garbage.\n"));
  for (const former of await marksIn(store)) if (former !== mark) await store.delete(generationKey(former));
  await db.query("DELETE FROM store_generation WHERE created_at < clock_timestamp() - make_interval(days => $1)", [
    rememberedDays,
  ]);
  return { marked: true };
}
