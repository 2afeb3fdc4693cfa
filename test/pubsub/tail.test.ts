import { afterEach, describe, expect, test } from "vitest";
import { type Page, tail } from "../../src/pubsub/tail.js";
import type { Wakeup } from "../../src/pubsub/wakeups.js";
import { leastOf } from "../support/least-of.js";

/** A log in memory whose reader is woken by hand; it notes what the tail does. */
function memoryLog(rows: number[], { pageSize = 3 } = {}) {
  const noted: string[] = [];
  let release = () => {};
  let raised = false;
  let open = 0;
  return {
    noted,
    get open() {
      return open;
    },
    append(...more: number[]) {
      rows.push(...more);
    },
    hint() {
      raised = true;
      release();
    },
    wakeup(): Wakeup {
      noted.push("wakeup");
      open += 1;
      let closed = false;
      return {
        async wait(timeoutMs) {
          noted.push("wait");
          if (!raised && !closed)
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, timeoutMs);
              release = () => {
                clearTimeout(timer);
                resolve();
              };
            });
          raised = false;
        },
        raise() {
          raised = true;
          release();
        },
        close() {
          if (!closed) open -= 1;
          closed = true;
          release();
        },
      };
    },
    async read(after: number): Promise<Page<number, number>> {
      noted.push(`read ${after}`);
      const items = rows.filter((row) => row > after).slice(0, pageSize);
      const cursor = items.at(-1) ?? after;
      return { items, cursor, more: items.length === pageSize, ended: cursor >= 100 };
    },
  };
}

const open: AsyncIterator<unknown>[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.return?.();
});

/** A tail that the test need not close. */
function follow(options: Parameters<typeof tail<number, number>>[0]): AsyncIterator<number> {
  const reader = tail(options)[Symbol.asyncIterator]();
  open.push(reader);
  return reader;
}

const soon = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a tail", () => {
  test("opens its wake-up before the first read, and not before it is asked for an item", async () => {
    const log = memoryLog([1]);
    const reader = follow({ ...log, start: 0 });
    await soon();
    expect(log.noted).toEqual([]);
    await reader.next();
    expect(log.noted.slice(0, 2)).toEqual(["wakeup", "read 0"]);
  });

  test("replays what there is page by page, then follows, each row once and in order", async () => {
    const log = memoryLog([1, 2, 3, 4]);
    const seen: number[] = [];
    const done = (async () => {
      for await (const row of tail({ ...log, start: 0, pollMs: 10_000 })) {
        seen.push(row);
        if (row === 4 || row === 6) {
          log.append(row + 1, row + 2);
          log.hint();
        }
        if (row === 8) {
          log.append(100);
          log.hint();
        }
      }
    })();
    await done;
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 100]);
    expect(log.open).toBe(0);
  });

  test("waits out an error that passes, and reads on from where it was", async () => {
    const log = memoryLog([1, 2, 3, 4, 100]);
    let failures = 3;
    const read = (after: number) =>
      after === 3 && failures-- > 0 ? Promise.reject(new Error("away")) : log.read(after);
    const isPassing = (error: unknown) => (error as Error).message === "away";
    const seen: number[] = [];
    for await (const row of tail({ ...log, read, isPassing, start: 0, pollMs: 5 })) seen.push(row);
    expect(seen).toEqual([1, 2, 3, 4, 100]);
    expect(failures).toBe(-1);
  });

  test("begins behind its cursor", async () => {
    const log = memoryLog([1, 2, 3]);
    expect(await follow({ ...log, start: 2 }).next()).toEqual({ done: false, value: 3 });
  });

  test("completes with the log, at once when nothing is left", async () => {
    const log = memoryLog([100]);
    expect(await follow({ ...log, start: 100 }).next()).toEqual({ done: true, value: undefined });
    expect(log.open).toBe(0);
  });

  test("finds a row whose hint was lost", async () => {
    const log = memoryLog([]);
    const next = follow({ ...log, start: 0, pollMs: 30 }).next();
    await soon();
    log.append(1);
    expect(await next).toEqual({ done: false, value: 1 });
  });

  test("does not read ahead of a slow reader", async () => {
    const log = memoryLog([1, 2, 3, 4, 5, 6, 7, 8]);
    const reader = follow({ ...log, start: 0 });
    await reader.next();
    await soon();
    expect(log.noted.filter((note) => note.startsWith("read"))).toEqual(["read 0"]);
    for (let row = 2; row <= 4; row++) await reader.next();
    await soon();
    expect(log.noted.filter((note) => note.startsWith("read"))).toEqual(["read 0", "read 3"]);
  });

  test("takes hints that come faster than its interval together", async () => {
    const log = memoryLog([], { pageSize: 100 });
    const reader = follow({ ...log, start: 0, minIntervalMs: 60, pollMs: 10_000 });
    const started = performance.now();
    const reading = (async () => {
      for (let row = 0; row < 30; ) row = (await reader.next()).value;
    })();
    for (let row = 1; row <= 30; row++) {
      log.append(row);
      log.hint();
      await soon(5);
    }
    await reading;
    const reads = log.noted.filter((note) => note.startsWith("read")).length;
    expect(reads).toBeLessThanOrEqual(2 + (performance.now() - started) / 60);
  });

  test("ends with the error of a read, and leaves no wake-up behind", async () => {
    const log = memoryLog([1]);
    let reads = 0;
    const read = async (after: number) => {
      reads += 1;
      if (reads === 2) throw new Error("the database is gone");
      return log.read(after);
    };
    const reader = follow({ ...log, read, wakeup: () => log.wakeup(), start: 0, pollMs: 10 });
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    await expect(reader.next()).rejects.toThrow("the database is gone");
    expect(await reader.next()).toEqual({ done: true, value: undefined });
    expect(log.open).toBe(0);
  });

  test.each([
    ["while it waits for a hint", { pollMs: 60_000 }],
    ["while it holds back between two reads", { minIntervalMs: 60_000, pollMs: 1 }],
  ])("ends at once %s", async (_when, timing) => {
    const took = await leastOf(500, async () => {
      const log = memoryLog([1]);
      const reader = follow({ ...log, start: 0, ...timing });
      await reader.next();
      const waiting = reader.next();
      await soon();
      const asked = performance.now();
      await reader.return?.();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(log.open).toBe(0);
      return performance.now() - asked;
    });
    expect(took).toBeLessThan(500);
  });

  test("that nobody has read from leaves nothing behind", async () => {
    const log = memoryLog([1]);
    await follow({ ...log, start: 0 }).return?.();
    expect(log.noted).toEqual([]);
  });
});
