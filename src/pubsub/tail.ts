import { Repeater } from "@repeaterjs/repeater";
import { dropped, unawaited } from "../guarded.js";
import type { Wakeup } from "./wakeups.js";

/** One read from a log: what came after `cursor`, where that leaves the reader, and whether the log has ended. */
export interface Page<Item, Cursor> {
  items: Item[];
  cursor: Cursor;
  /** More rows are waiting: read again at once. */
  more: boolean;
  /** Nothing will ever follow. */
  ended: boolean;
}

export interface TailOptions<Item, Cursor> {
  /** Opens the wake-up to wait on; called once the first item is asked for. */
  wakeup: () => Wakeup;
  /** Where to begin. */
  start: Cursor;
  read: (cursor: Cursor) => Promise<Page<Item, Cursor>>;
  /** Whether an error of `read` is passing, such as a database that is away: then it is read again after `pollMs`. */
  isPassing?: (error: unknown) => boolean;
  /** Least time from the end of a read to a live one after it: hints that come faster are taken together. */
  minIntervalMs?: number;
  /** Covers a lost hint: the longest a committed row waits to be read. */
  pollMs?: number;
}

/**
 * Replay and live in one path: read the rows behind the cursor, hand them out, wait for a hint, read again. There is no
 * queue per reader: the next read begins when all of the last one has been taken, so a slow reader simply reads later.
 * An error of `read` that does not pass ends the tail with that error. Returning a Repeater rather than an async generator lets a
 * subscription end while it waits.
 */
export function tail<Item, Cursor>(options: TailOptions<Item, Cursor>): Repeater<Item> {
  const { read, start, isPassing = () => false, minIntervalMs = 0, pollMs = 1_000 } = options;
  return new Repeater<Item>(async (push, stop) => {
    const wakeup = options.wakeup();
    const pause = createPause();
    let stopped = false;
    const end = () => {
      stopped = true;
      wakeup.close();
      pause.end();
    };
    // `stop` is settled when the subscription ends, and an error of the tail is told by `next()`.
    unawaited(stop.then(end), dropped);
    try {
      let cursor = start;
      while (!stopped) {
        const page = await read(cursor).catch((error: unknown) => {
          if (isPassing(error)) return undefined;
          throw error;
        });
        if (!page) {
          await pause.take(pollMs);
          continue;
        }
        const readAt = performance.now();
        for (const item of page.items) {
          await push(item);
          if (stopped) return;
        }
        cursor = page.cursor;
        if (page.ended) break;
        if (page.more) continue;
        await wakeup.wait(pollMs);
        await pause.take(readAt + minIntervalMs - performance.now());
      }
      stop();
    } catch (error) {
      stop(error);
    } finally {
      wakeup.close();
    }
  });
}

/** A delay that can be ended early; one that has been ended takes no time any more. */
function createPause(): { take(ms: number): Promise<void>; end(): void } {
  let ended = false;
  let release = () => {};
  return {
    async take(ms) {
      if (ended || ms <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
    end() {
      ended = true;
      release();
    },
  };
}
