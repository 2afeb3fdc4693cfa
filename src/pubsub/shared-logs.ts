import { type SharedTail, type SharedTailOptions, sharedTail } from "./shared-tail.js";
import type { Wakeups } from "./wakeups.js";

/** The logs that somebody follows on a server, by kind and owner. */
const followed = new WeakMap<Wakeups, Map<string, SharedTail<unknown>>>();

/**
 * The one reader of a log on this server: opened by its first follower and closed with its last.
 *
 * @param key the kind of log and its owner; all who use the same key read values of the same type.
 * @param head where the log stands now
 */
export function sharedLog<Value>(
  wakeups: Wakeups,
  key: string,
  head: number,
  options: Omit<SharedTailOptions<Value>, "onIdle">,
): SharedTail<Value> {
  const logs = followed.get(wakeups) ?? new Map<string, SharedTail<unknown>>();
  followed.set(wakeups, logs);
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
export function openReaders({ wakeups }: { wakeups: Wakeups }): number {
  return [...(followed.get(wakeups)?.values() ?? [])].reduce((sum, { readers }) => sum + readers, 0);
}
