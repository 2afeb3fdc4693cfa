import { Repeater } from "@repeaterjs/repeater";
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

/** Covers a lost hint: the longest a committed row waits to be read. */
const pollMs = 1_000;

/**
 * Replay and live in one path: read the rows behind the cursor, hand them out, wait for a hint, read again. There is no
 * queue per reader; a slow one simply reads later. Returning a Repeater rather than an async generator lets a
 * subscription end while it waits.
 */
export function tail<Item, Cursor>(options: {
  wakeup: () => Wakeup;
  start: Cursor;
  read: (cursor: Cursor) => Promise<Page<Item, Cursor>>;
}): Repeater<Item> {
  return new Repeater<Item>(async (push, stop) => {
    const wakeup = options.wakeup();
    let stopped = false;
    void stop.then(() => {
      stopped = true;
      wakeup.close();
    });
    try {
      let cursor = options.start;
      while (!stopped) {
        const page = await options.read(cursor);
        for (const item of page.items) {
          await push(item);
          if (stopped) return;
        }
        cursor = page.cursor;
        if (page.ended) break;
        if (!page.more) await wakeup.wait(pollMs);
      }
      stop();
    } catch (error) {
      stop(error);
    } finally {
      wakeup.close();
    }
  });
}
