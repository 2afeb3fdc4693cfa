import { isConnectionError } from "../../db/connection-error.js";
import type { Stretch } from "../../pubsub/shared-tail.js";
import type { Topic } from "../../pubsub/topics.js";
import { shareable } from "../../transport/shared-results.js";
import type { Platform } from "../context.js";
import type { Log } from "./log-cursor.js";
import { sharedLog } from "./shared-logs.js";

/** A log whose entries are numbered 1, 2, 3 … without gaps. */
export interface EntryLog<Entry> {
  log: Log;
  ownerId: string;
  topic: Topic;
  /** `seq` behind which to begin, and `seq` of the newest entry. */
  start: number;
  head: number;
  read: (from: number) => Promise<{ entries: Entry[]; more: boolean; ended: boolean }>;
}

/** Each entry once and in order, read once for all who follow the log on this server. */
export function followEntries<Entry extends { seq: number }>(
  platform: Platform,
  { log, ownerId, topic, start, head, read }: EntryLog<Entry>,
): AsyncIterableIterator<Entry> {
  const stretchesOf = (entries: Entry[]): Stretch<Entry>[] =>
    entries.map((entry) => ({ from: entry.seq - 1, to: entry.seq, value: shareable(entry) }));
  const tail = sharedLog<Entry>(platform, log, ownerId, head, {
    isPassing: isConnectionError,
    wakeup: () => platform.wakeups.on(topic),
    async read(from) {
      const { entries, ...rest } = await read(from);
      return { stretches: stretchesOf(entries), ...rest };
    },
  });
  return tail.follow({
    start,
    catchUp: async (from, to) => stretchesOf((await read(from)).entries.filter(({ seq }) => seq <= to)),
  });
}
