import type { DataSource } from "typeorm";
import { PlatformError } from "../errors.js";

/** Any two servers that collect agree on this number; it has no other meaning. */
const collectionLock = 7_310_224;

/**
 * One collection at a time. Two at once would do no harm, and the work twice.
 *
 * @throws PlatformError COLLECTION_REFUSED when another is under way.
 */
export async function exclusively<Result>(db: DataSource, body: () => Promise<Result>): Promise<Result> {
  const runner = db.createQueryRunner();
  try {
    const [row] = await runner.manager.query<{ held: boolean }[]>("SELECT pg_try_advisory_lock($1) AS held", [
      collectionLock,
    ]);
    if (!row?.held) throw new PlatformError("COLLECTION_REFUSED", "another collection is under way; try again later");
    try {
      return await body();
    } finally {
      // A connection that broke has given it up by itself.
      await runner.manager.query("SELECT pg_advisory_unlock($1)", [collectionLock]).catch(() => {});
    }
  } finally {
    await runner.release();
  }
}
