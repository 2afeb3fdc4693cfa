import { setTimeout as delay } from "node:timers/promises";
import { Repeater } from "@repeaterjs/repeater";
import { ClientError, closed } from "./client-error.js";

/** Errors after which the same subscription may well work again. */
const passing = new Set(["CONNECTION_LOST", "DATABASE_UNAVAILABLE"]);

/** Between two attempts, in milliseconds; doubles from the first to the longest while nothing arrives. */
const pause = { first: 100, longest: 5_000 };

/**
 * Hands out what `open` yields, and opens it again behind the last cursor whenever the connection was lost. Any other
 * error is thrown. A Repeater rather than an async generator, so that leaving does not wait for the next item.
 */
export function follow<Item>(options: {
  open: (after: string | undefined) => AsyncIterable<Item>;
  cursorOf: (item: Item) => string | undefined;
  signal: AbortSignal;
}): AsyncIterable<Item> {
  const { open, cursorOf, signal } = options;
  return new Repeater<Item>(async (push, stop) => {
    const leaving = new AbortController();
    void stop.then(() => leaving.abort());
    let cursor: string | undefined;
    let pauseMs = pause.first;
    while (!leaving.signal.aborted) {
      const items = open(cursor)[Symbol.asyncIterator]();
      const leave = () => void items.return?.();
      leaving.signal.addEventListener("abort", leave, { once: true });
      try {
        for (let next = await items.next(); !next.done; next = await items.next()) {
          cursor = cursorOf(next.value) ?? cursor;
          pauseMs = pause.first;
          await push(next.value);
        }
        stop();
        return;
      } catch (error) {
        if (!(error instanceof ClientError && passing.has(error.code))) {
          stop(error);
          return;
        }
        await delay(pauseMs, undefined, { signal: AbortSignal.any([leaving.signal, signal]) }).catch(() => {});
        if (signal.aborted) stop(closed());
        pauseMs = Math.min(pauseMs * 2, pause.longest);
      } finally {
        leaving.signal.removeEventListener("abort", leave);
      }
    }
  });
}
