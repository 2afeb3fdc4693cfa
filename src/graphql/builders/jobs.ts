import { nodeTypeOf } from "../../entities/identifier.js";
import { type ImportState, importStates, type StoredProgress } from "../../entities/import.js";
import { PlatformError } from "../../errors.js";
import type { Queue } from "../../imports/queue/claim.js";
import { jobTopic } from "../../imports/queue/claim.js";
import type { EntityClass } from "../../lists/loaders.js";
import type { Context } from "../context/context.js";

/** How often a job is looked at that nobody tells of, in milliseconds. */
const lookMs = 2_000;

/** A job first as it is, then whenever its state or progress changes, until it has ended. @throws PlatformError NOT_FOUND */
export async function* followJob<Job extends { id: string; state: ImportState; progress: StoredProgress }>(
  { platform: { db, wakeups } }: Context,
  entity: EntityClass<Job>,
  queue: Queue,
  id: string,
): AsyncGenerator<Job> {
  const find = async () =>
    nodeTypeOf(id) === entity.name ? db.manager.getRepository<Job>(entity).findOneBy({ id } as never) : null;
  const wakeup = wakeups.on(jobTopic(queue, id));
  try {
    for (let before = ""; ; ) {
      const found = await find();
      if (!found) throw new PlatformError("NOT_FOUND", `there is no such ${queue.topic}`);
      const now = JSON.stringify([found.state, found.progress]);
      if (now !== before) yield found;
      before = now;
      if (importStates.indexOf(found.state) > importStates.indexOf("RUNNING")) return;
      await wakeup.wait(lookMs);
    }
  } finally {
    wakeup.close();
  }
}
