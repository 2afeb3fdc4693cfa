import { afterEach, describe, expect, test } from "vitest";
import { type SharedTail, type SharedTailOptions, type Stretch, sharedTail } from "../../src/pubsub/shared-tail.js";

/** Rows 1, 2, 3 … that a test appends by hand, read in stretches of at most `pageSize`; what is read is noted. */
function memoryLog({ pageSize = 10, ...options }: Partial<SharedTailOptions<number[]>> & { pageSize?: number } = {}) {
  let head = 0;
  let final = false;
  let open = 0;
  const reads: string[] = [];
  const raised = new Set<() => void>();
  const stretchesOf = (from: number, to: number): Stretch<number[]>[] =>
    from === to ? [] : [{ from, to, value: Array.from({ length: to - from }, (_, index) => from + index + 1) }];
  const log = {
    reads,
    get open() {
      return open;
    },
    append(count: number) {
      head += count;
      for (const raise of raised) raise();
    },
    end() {
      final = true;
      log.append(0);
    },
    catchUp: async (from: number, to: number) => {
      reads.push(`behind ${from}`);
      return stretchesOf(from, Math.min(to, from + pageSize));
    },
    tail(from = head): SharedTail<number[]> {
      return sharedTail<number[]>(from, {
        pollMs: 10_000,
        wakeup() {
          open += 1;
          let wake = () => {};
          let pending = false;
          const raise = () => {
            pending = true;
            wake();
          };
          raised.add(raise);
          return {
            async wait() {
              if (!pending) await new Promise<void>((resolve) => (wake = resolve));
              pending = false;
            },
            raise,
            close() {
              open -= 1;
              raised.delete(raise);
              raise();
            },
          };
        },
        async read(at) {
          reads.push(`from ${at}`);
          const to = Math.min(head, at + pageSize);
          return { stretches: stretchesOf(at, to), more: to < head, ended: final && to === head };
        },
        ...options,
      });
    },
  };
  return log;
}

const open: AsyncIterator<unknown>[] = [];
afterEach(async () => {
  for (const reader of open.splice(0)) await reader.return?.();
});
function follow(tail: SharedTail<number[]>, log: ReturnType<typeof memoryLog>, start: number, patience?: number) {
  const reader = tail.follow({ start, catchUp: log.catchUp, patience });
  open.push(reader);
  return reader;
}
async function take(reader: AsyncIterator<number[]>, count: number): Promise<number[]> {
  const rows: number[] = [];
  while (rows.length < count) rows.push(...(await reader.next()).value);
  return rows;
}
const upTo = (to: number, from = 1) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const soon = (ms = 20) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a shared tail", () => {
  test("reads new rows once, however many follow", async () => {
    const log = memoryLog();
    const tail = log.tail();
    const readers = Array.from({ length: 100 }, () => follow(tail, log, 0));
    const seen = readers.map((reader) => take(reader, 9));
    for (let round = 0; round < 3; round++) {
      await soon();
      log.append(3);
    }
    for (const rows of await Promise.all(seen)) expect(rows).toEqual(upTo(9));
    expect(log.reads.filter((read) => read.startsWith("behind"))).toEqual([]);
    expect(log.reads.length).toBeLessThanOrEqual(6);
    expect(log.open).toBe(1);
  });

  test("hands all who have had the same rows the same object", async () => {
    const log = memoryLog();
    const tail = log.tail();
    const [a, b] = [follow(tail, log, 0).next(), follow(tail, log, 0).next()];
    await soon();
    log.append(2);
    expect((await a).value).toBe((await b).value);
  });

  test("lets one who begins behind catch up, each row once and in order, while others follow", async () => {
    const log = memoryLog();
    log.append(35);
    const tail = log.tail();
    const live = take(follow(tail, log, 35), 20);
    const late = take(follow(tail, log, 4), 51);
    for (let round = 0; round < 10; round++) {
      await soon(5);
      log.append(2);
    }
    expect(await live).toEqual(upTo(55, 36));
    expect(await late).toEqual(upTo(55, 5));
  });

  test("reads nothing ahead for one who does not ask, and goes on where it was", async () => {
    const log = memoryLog();
    const tail = log.tail();
    const slow = follow(tail, log, 0);
    const quick = take(follow(tail, log, 0), 5_000);
    log.append(2);
    expect(await take(slow, 2)).toEqual([1, 2]);
    for (let round = 0; round < 50; round++) {
      log.append(100);
      await soon(1);
    }
    expect((await quick).length).toBeGreaterThanOrEqual(5_000);
    expect(log.reads.filter((read) => read.startsWith("behind"))).toEqual([]);
    expect(await take(slow, 5_000)).toEqual(upTo(5_002, 3));
  });

  test("has an impatient reader catch up even where the rows are at hand", async () => {
    const log = memoryLog();
    const tail = log.tail();
    const quick = follow(tail, log, 0);
    const impatient = follow(tail, log, 0, 5);
    log.append(1);
    await take(impatient, 1);
    for (let round = 0; round < 3; round++) {
      log.append(4);
      await soon();
    }
    await take(quick, 13);
    expect(log.reads).not.toContain("behind 1");
    expect(await take(impatient, 12)).toEqual(upTo(13, 2));
    expect(log.reads).toContain("behind 1");
  });

  test("gives everybody its end once, also those who come later", async () => {
    const log = memoryLog({ end: (at) => [-at] });
    log.append(12);
    const tail = log.tail();
    const early = follow(tail, log, 12);
    const waiting = early.next();
    await soon();
    log.end();
    expect((await waiting).value).toEqual([-12]);
    const late = follow(tail, log, 3);
    expect(await take(late, 9)).toEqual(upTo(12, 4));
    expect((await late.next()).value).toEqual([-12]);
    for (const reader of [early, late]) expect((await reader.next()).done).toBe(true);
    expect([tail.readers, log.open]).toEqual([0, 0]);
  });

  test("shows those who wait in silence that it is alive, and only them", async () => {
    const log = memoryLog({ heartbeat: (at) => [at], heartbeatMs: 30, pollMs: 10 });
    const tail = sharedHeartbeat(log);
    log.append(2);
    const reader = follow(tail, log, 0);
    expect(await take(reader, 2)).toEqual([1, 2]);
    const first = performance.now();
    expect((await reader.next()).value).toEqual([2]);
    expect((await reader.next()).value).toEqual([2]);
    expect(performance.now() - first).toBeGreaterThan(30);
    await soon(100);
    // Signs that nobody waited for are not kept: the next ones are new.
    log.append(1);
    await soon(30);
    expect(await take(reader, 1)).toEqual([3]);
  });

  test("waits out an error that passes, and ends with any other", async () => {
    let failures: string[] = ["away", "away"];
    const log = memoryLog();
    const read = async (at: number) => {
      const failure = failures.shift();
      if (failure) throw new Error(failure);
      return { stretches: [{ from: at, to: at + 1, value: [at + 1] }], more: false, ended: false };
    };
    const tail = sharedTail<number[]>(0, {
      ...{ read, pollMs: 5, isTransient: (error) => (error as Error).message === "away" },
      wakeup: () => ({ wait: async () => void (await soon(5)), raise() {}, close() {} }),
    });
    const readers = [follow(tail, log, 0), follow(tail, log, 0)];
    for (const reader of readers) expect(await take(reader, 1)).toEqual([1]);
    failures = ["broken"];
    for (const reader of readers) {
      const rest = async () => {
        while (!(await reader.next()).done);
      };
      await expect(rest()).rejects.toThrow("broken");
      expect((await reader.next()).done).toBe(true);
    }
    expect(tail.readers).toBe(0);
  });

  test("left by all stops reading, also by those who wait, and leaves nothing behind", async () => {
    let idle = 0;
    const log = memoryLog({ onIdle: () => (idle += 1) });
    const tail = log.tail();
    const readers = Array.from({ length: 100 }, () => follow(tail, log, 0));
    const waiting = readers.map((reader) => reader.next());
    await soon();
    expect([tail.readers, log.open]).toEqual([100, 1]);
    await Promise.all(readers.map((reader) => reader.return?.()));
    expect((await Promise.all(waiting)).every(({ done }) => done)).toBe(true);
    expect([tail.readers, log.open, idle]).toEqual([0, 0, 1]);
    const reads = log.reads.length;
    log.append(3);
    await soon();
    expect(log.reads).toHaveLength(reads);
  });

  test("that nobody has read from is not opened", async () => {
    const log = memoryLog();
    await follow(log.tail(), log, 0).return?.();
    expect([log.open, log.reads]).toEqual([0, []]);
  });
});

/** The log's own wake-up never comes by itself; signs of life need one that does. */
function sharedHeartbeat(log: ReturnType<typeof memoryLog>): SharedTail<number[]> {
  const poke = setInterval(() => log.append(0), 5);
  const tail = log.tail();
  open.push({
    next: async () => ({ done: true, value: undefined }),
    return: async () => {
      clearInterval(poke);
      return { done: true, value: undefined };
    },
  });
  return tail;
}
