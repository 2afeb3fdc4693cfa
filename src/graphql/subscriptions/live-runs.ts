import type { Run } from "../../entities/run.js";
import { compileFilter } from "../../lists/filter.js";
import { Parameters } from "../../lists/statement.js";
import { type RunFilter, runConditions } from "../collections/runs.js";
import type { Platform } from "../context.js";
import { createRunFeed, type RunFeed } from "./run-feed.js";

const feeds = new WeakMap<Platform, RunFeed>();

/**
 * The runs that fit the filter: at first those that have not ended, oldest first, then each one whose state, attempt or
 * progress has changed. A subscriber that is slow gets the newest state of each run that has changed meanwhile. All runs are
 * read once for all subscribers of this server.
 *
 * @throws PlatformError BAD_INPUT for a filter that cannot be asked.
 */
export async function followRuns(
  platform: Platform,
  { filter }: { filter?: RunFilter | null },
): Promise<AsyncIterableIterator<Run>> {
  // A filter that is wrong is an error of the subscription rather than of its first event.
  compileFilter(filter, runConditions, new Parameters());
  return feedOf(platform).follow(filter ?? null);
}

function feedOf(platform: Platform): RunFeed {
  const open = feeds.get(platform);
  if (open) return open;
  const openWakeup = () => platform.wakeups.on({ every: "run" }, { every: "metrics" });
  const feed = createRunFeed(platform.db, openWakeup, () => {
    if (feeds.get(platform) === feed) feeds.delete(platform);
  });
  feeds.set(platform, feed);
  return feed;
}
