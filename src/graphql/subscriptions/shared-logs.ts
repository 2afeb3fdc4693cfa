import { type SharedTail, type SharedTailOptions, sharedTail } from "../../pubsub/shared-tail.js";
import type { Platform } from "../context.js";
import type { Log } from "./log-cursor.js";

/** The logs that somebody follows on a server, by kind and owner. */
const followed = new WeakMap<Platform, Map<string, SharedTail<unknown>>>();

/**
 * The one reader of a log on this server: opened by its first follower and closed with its last.
 *
 * @param head where the log stands now
 */
export function sharedLog<Value>(
  platform: Platform,
  log: Log,
  ownerId: string,
  head: number,
  options: Omit<SharedTailOptions<Value>, "onIdle">,
): SharedTail<Value> {
  const logs = followed.get(platform) ?? new Map<string, SharedTail<unknown>>();
  followed.set(platform, logs);
  const key = `${log} ${ownerId}`;
  // A kind of log has one type of value.
  const open = logs.get(key) as SharedTail<Value> | undefined;
  if (open) return open;
  const opened: SharedTail<Value> = sharedTail(head, {
    ...options,
    onIdle: () => {
      if (logs.get(key) === opened) logs.delete(key);
    },
  });
  logs.set(key, opened);
  return opened;
}

/** How many subscriptions read logs of this server now: none, once all are closed. */
export function openReaders(platform: Platform): number {
  return [...(followed.get(platform)?.values() ?? [])].reduce((sum, { readers }) => sum + readers, 0);
}
