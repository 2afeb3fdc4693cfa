import type { DataSource } from "typeorm";
import { generationPrefix, ownerOf, prefixes } from "../storage/keys.js";
import type { Facts } from "./judgement.js";

/** What collection asks of the database. */
export interface Ledger {
  /**
   * What there is to know about objects, in their order, as of one instant.
   * @param foresee takes notes that have run out for taken: what a collection would find.
   */
  facts(keys: readonly string[], foresee: boolean): Promise<Facts[]>;
  /** Makes orphans of what appends have noted and not referred to in time, and of the parts of expired appends. */
  takeExpiredNotes(): Promise<void>;
  /** Notes objects as nobody's. */
  orphan(keys: readonly string[]): Promise<void>;
  /** The instant, for `forgetOrphans`. */
  now(): Promise<Date>;
  /** Forgets the orphans among the attempts' objects that were noted before an instant, once they are deleted. */
  forgetOrphans(before: Date): Promise<void>;
  /** Which of these generations' marks are this database's. */
  knownMarks(marks: readonly string[]): Promise<ReadonlySet<string>>;
}

/** The ledger in Postgres. */
export function openLedger(db: DataSource): Ledger {
  return {
    async facts(keys, foresee) {
      const runIds = keys.map((key) => {
        const owner = ownerOf(key);
        return owner?.type === "ATTEMPT" ? owner.runId : null;
      });
      // One statement is one snapshot: an attempt that is over in it has every row in it that it will ever have.
      const rows = await db.query<(Omit<Facts, "run"> & { attempt: number | null; held: boolean })[]>(
        `SELECT
           EXISTS (SELECT FROM checkpoint WHERE object_key = object.key)
             OR EXISTS (SELECT FROM artifact WHERE object_key = object.key)
             OR EXISTS (SELECT FROM upload WHERE object_key = object.key)
             OR EXISTS (SELECT FROM dataset_export WHERE object_key = object.key)
             OR EXISTS (SELECT FROM dataset_segment WHERE key = object.key)
             OR part.expired IS NOT NULL AND NOT ($3 AND part.expired) AS referenced,
           EXISTS (SELECT FROM orphan_object WHERE key = object.key)
             OR coalesce($3 AND (note.expired OR part.expired), false) AS orphaned,
           note.expired IS NOT NULL AND NOT ($3 AND note.expired) AS pending,
           run.attempt, coalesce(run.state IN ('RUNNING', 'CANCELING'), false) AS held
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS object (key, owner, place)
         LEFT JOIN run ON run.id = object.owner
         LEFT JOIN LATERAL (
           SELECT expires_at < clock_timestamp() AS expired FROM pending_object WHERE key = object.key) AS note ON true
         LEFT JOIN LATERAL (
           SELECT append.expires_at < clock_timestamp() AS expired FROM append_segment AS segment
           JOIN dataset_append AS append ON append.id = segment.append_id WHERE segment.key = object.key) AS part ON true
         ORDER BY place`,
        [keys, runIds, foresee],
      );
      return rows.map(({ attempt, held, ...facts }) => ({
        ...facts,
        run: attempt === null ? null : { attempt, held },
      }));
    },

    async takeExpiredNotes() {
      // Uploads that nobody has read for long, and that no import waits for.
      await db.query(
        `WITH expired AS (
           SELECT id, object_key FROM upload WHERE kept_until < clock_timestamp() AND NOT EXISTS (
             SELECT FROM import WHERE upload_id = upload.id AND state IN ('QUEUED', 'RUNNING'))
           FOR UPDATE), given_up AS (
           UPDATE upload SET kept_until = NULL, object_key = NULL FROM expired WHERE upload.id = expired.id)
         INSERT INTO orphan_object (key) SELECT object_key FROM expired WHERE object_key IS NOT NULL
         ON CONFLICT DO NOTHING`,
      );
      await db.query(
        `WITH expired AS (SELECT id, object_key FROM dataset_export WHERE kept_until < clock_timestamp() FOR UPDATE), given_up AS (
           UPDATE dataset_export SET kept_until = NULL, object_key = NULL FROM expired WHERE dataset_export.id = expired.id)
         INSERT INTO orphan_object (key) SELECT object_key FROM expired ON CONFLICT DO NOTHING`,
      );
      await db.query(
        `WITH taken AS (DELETE FROM pending_object WHERE expires_at < clock_timestamp() RETURNING key)
         INSERT INTO orphan_object (key) SELECT key FROM taken ON CONFLICT DO NOTHING`,
      );
      // An append that gets a part meanwhile holds its row's lock, and has a later expiry when this statement sees it.
      await db.query(
        `WITH expired AS (
           UPDATE dataset_append SET state = 'EXPIRED' WHERE state = 'OPEN' AND expires_at < clock_timestamp() RETURNING id),
         part AS (DELETE FROM append_segment USING expired WHERE append_id = expired.id RETURNING key)
         INSERT INTO orphan_object (key) SELECT key FROM part ON CONFLICT DO NOTHING`,
      );
    },

    async orphan(keys) {
      await db.query("INSERT INTO orphan_object (key) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", [keys]);
    },

    async now() {
      const [row] = await db.query<{ now: Date }[]>("SELECT clock_timestamp() AS now");
      return (row as { now: Date }).now;
    },

    async forgetOrphans(before) {
      await db.query("DELETE FROM orphan_object WHERE noted_at < $1 AND starts_with(key, $2)", [before, prefixes.runs]);
    },

    async knownMarks(marks) {
      const rows = await db.query<{ mark: string }[]>("SELECT mark FROM store_generation WHERE mark = ANY($1)", [
        marks,
      ]);
      return new Set(rows.map(({ mark }) => mark));
    },
  };
}

/** The marks in a store. */
export async function marksIn(store: { list(prefix: string): AsyncIterable<{ key: string }> }): Promise<string[]> {
  const marks: string[] = [];
  for await (const { key } of store.list(generationPrefix)) marks.push(key.slice(generationPrefix.length));
  return marks;
}
