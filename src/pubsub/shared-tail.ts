import { unawaited } from "../guarded.js";
import { createReader } from "./reader.js";
import type { Wakeup } from "./wakeups.js";

/** What lies behind `from` in a log, up to and with `to`, as readers get it; where both are the same it is only a sign. */
export interface Stretch<Value> {
  from: number;
  to: number;
  value: Value;
}

/** One read behind a place. */
export interface SharedPage<Value> {
  /** Each begins where the one before ends. */
  stretches: Stretch<Value>[];
  /** More rows are waiting: read again at once. */
  more: boolean;
  /** Nothing will ever follow. */
  ended: boolean;
}

export interface SharedTailOptions<Value> {
  /** Opens the wake-up to wait on, while anybody reads. */
  wakeup: () => Wakeup;
  /** What is new behind `from`. */
  read: (from: number) => Promise<SharedPage<Value>>;
  /** What every reader gets at the end of a log, instead of nothing. */
  end?: (at: number) => Value;
  /** What readers get who have had nothing for `heartbeatMs`, instead of nothing. */
  heartbeat?: (at: number) => Value;
  heartbeatMs?: number;
  /** Whether an error of a read is transient, such as a database that is away: then it is read again after `pollMs`. */
  isTransient?: (error: unknown) => boolean;
  /** Least time from one read to the next: hints that come faster are taken together. */
  minIntervalMs?: number;
  /** Covers a lost hint: the longest a committed row waits to be read. */
  pollMs?: number;
  /** Called when the last reader is gone. */
  onIdle?: () => void;
}

export interface ReaderOptions<Value> {
  /** Behind what to begin. */
  start: number;
  /** What lies behind `from`, at most up to `to`, for a reader that is behind the others; never empty. */
  catchUp: (from: number, to: number) => Promise<Stretch<Value>[]>;
  /** Reads behind by more than this many rows catch up even where what they lack is still at hand. Default: never. */
  patience?: number;
}

/** One log that any number of readers follow at the cost of one. */
export interface SharedTail<Value> {
  /** Every value behind `start`, once and in order, until the log ends. A reader exists from its first `next()` on. */
  follow(reader: ReaderOptions<Value>): AsyncIterableIterator<Value>;
  /** Readers that have begun and not ended. */
  readonly readers: number;
}

/** Stretches that stay at hand for readers a little behind, and the rows they may hold together. */
const kept = { stretches: 64, rows: 2_000 };

/**
 * Reads a log once for all who follow it. New rows are read when a hint comes and shown to everybody who has had all
 * before them; who is behind reads pages alone until nothing is missing. Nobody has a queue: a reader is a place in the log,
 * and one that does not ask holds nothing and costs nothing.
 *
 * @param head where the log stood when the first reader came; what is behind counts as old
 */
export function sharedTail<Value>(head: number, options: SharedTailOptions<Value>): SharedTail<Value> {
  const { read, isTransient = () => false, minIntervalMs = 0, pollMs = 1_000, heartbeatMs = 8_000 } = options;
  const recent: Stretch<Value>[] = [];
  let recentRows = 0;
  let at = head;
  let ended = false;
  let failure: { error: unknown } | undefined;
  let beat: { serial: number; value: Value } | undefined;
  let readers = 0;
  let wakeup: Wakeup | undefined;
  const waiting = new Set<() => void>();

  const wakeAll = () => {
    const woken = [...waiting];
    waiting.clear();
    for (const wake of woken) wake();
  };

  function keep(stretch: Stretch<Value>): void {
    recent.push(stretch);
    recentRows += stretch.to - stretch.from;
    while (recent.length > 1 && (recent.length > kept.stretches || recentRows > kept.rows)) {
      const oldest = recent.shift() as Stretch<Value>;
      recentRows -= oldest.to - oldest.from;
    }
    at = stretch.to;
  }

  async function lead(hints: Wakeup): Promise<void> {
    let told = performance.now();
    let pauseMs = 0;
    while (wakeup === hints) {
      const readAt = performance.now();
      const page = await read(at).catch((error: unknown) => {
        if (isTransient(error)) return undefined;
        throw error;
      });
      if (wakeup !== hints) return;
      for (const stretch of page?.stretches ?? []) keep(stretch);
      ended = page?.ended ?? false;
      const silent = !ended && !page?.stretches.length;
      if (!silent || readAt - told >= heartbeatMs) {
        if (silent && options.heartbeat) beat = { serial: (beat?.serial ?? 0) + 1, value: options.heartbeat(at) };
        told = readAt;
        wakeAll();
      }
      if (ended) return;
      if (page?.more) continue;
      // While the database is away no hint tells when it is back.
      if (page) await hints.wait(pollMs);
      pauseMs = page ? readAt + minIntervalMs - performance.now() : pollMs;
      if (pauseMs > 0 && wakeup === hints) await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }

  function enter(): void {
    readers += 1;
    if (wakeup) return;
    const hints = options.wakeup();
    wakeup = hints;
    unawaited(lead(hints), (error) => {
      failure = { error };
      // Who comes later begins anew.
      options.onIdle?.();
      wakeAll();
    });
  }

  function leave(): void {
    readers -= 1;
    if (readers > 0) return;
    wakeup?.close();
    wakeup = undefined;
    options.onIdle?.();
  }

  return {
    get readers() {
      return readers;
    },
    follow({ start, catchUp, patience = Number.POSITIVE_INFINITY }) {
      return createReader<Value>((reader) => {
        let position = start;
        let rest: Stretch<Value>[] = [];
        let heard = 0;
        const over = { done: true as const, value: undefined };
        const hasBeat = () => beat !== undefined && beat.serial > heard;

        const deliver = (stretch: Stretch<Value>) => {
          position = stretch.to;
          heard = beat?.serial ?? 0;
          return { done: false as const, value: stretch.value };
        };
        async function takeNext(): Promise<IteratorResult<Value> | undefined> {
          const [next] = rest;
          if (next) {
            rest.shift();
            return deliver(next);
          }
          if (position < at) {
            const near = at - position <= patience ? recent.find(({ from }) => from === position) : undefined;
            if (near) return deliver(near);
            rest = await catchUp(position, at);
            return reader.isOver ? over : takeNext();
          }
          if (failure) throw failure.error;
          if (ended) {
            const value = options.end?.(position);
            reader.finish();
            return value === undefined ? over : { done: false, value };
          }
          if (hasBeat()) {
            heard = beat?.serial ?? 0;
            if (position === at) return { done: false, value: beat?.value as Value };
          }
          return undefined;
        }

        return {
          begin() {
            enter();
            heard = beat?.serial ?? 0;
          },
          take: () =>
            takeNext().catch(async (error: unknown) => {
              if (!isTransient(error)) throw error;
              await new Promise((resolve) => setTimeout(resolve, pollMs).unref());
              return undefined;
            }),
          isReady: () => position < at || failure !== undefined || ended || hasBeat(),
          waiting: () => waiting,
          end() {
            rest = [];
            leave();
          },
        };
      });
    },
  };
}
