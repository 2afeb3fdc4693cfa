import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";
import { guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { ObjectStore } from "../storage/object-store.js";
import { collect } from "./collect.js";
import { exclusively } from "./exclusive.js";
import { markGeneration } from "./generation.js";
import { openLedger } from "./ledger.js";

/** How often the store is marked, while there is something new in it. */
const markMs = 5 * 60_000;
/** How often garbage is collected, by all servers together. */
const collectSeconds = 3_600;

/** Marks the store's generation and collects its garbage from time to time; for the first time some minutes from now. */
export function watchGarbage(options: { db: DataSource; store: ObjectStore; logger: Logger }): {
  stop(): Promise<void>;
} {
  const { db, store, logger } = options;
  let working: Promise<void> = Promise.resolve();
  let stopped = false;
  let busy = false;
  const tend = guarded(
    () => {
      // A collection that takes longer than the time between two looks is not followed by another at once.
      if (busy) return;
      busy = true;
      working = working.then(async () => {
        if (stopped) return;
        try {
          await exclusively(db, () => tendStore(db, store, logger));
        } catch (error) {
          const refused = error instanceof PlatformError && error.code === "COLLECTION_REFUSED";
          logger.warn({ err: error }, refused ? "garbage is not collected" : "collecting garbage failed");
        } finally {
          busy = false;
        }
      });
    },
    logged(logger, "collecting garbage failed"),
  );
  const timer = setInterval(tend, markMs);
  timer.unref();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      await working;
    },
  };
}

/** What is due now: a mark, and once an hour a collection. */
export async function tendStore(db: DataSource, store: ObjectStore, logger: Logger): Promise<void> {
  await markGeneration(db, store);
  const [due] = await db.query<[unknown[], number]>(
    `UPDATE object_store SET collected_at = clock_timestamp()
     WHERE collected_at IS NULL OR collected_at < clock_timestamp() - make_interval(secs => $1) RETURNING marker`,
    [collectSeconds],
  );
  if (due.length === 0) return;
  const { deleted, failed, abortedUploads } = await collect({ store, ledger: openLedger(db) });
  logger.info({ objects: deleted.count, bytes: deleted.bytes, failed, abortedUploads }, "garbage is collected");
}
