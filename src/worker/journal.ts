import { setTimeout as delay } from "node:timers/promises";
import { isConnectionError } from "../db/connection-error.js";
import { isRetriable } from "../db/transaction.js";
import type { MetricPoint } from "../language/metrics/metrics.js";
import type { Logger } from "../logger.js";
import type { Progress } from "../trainer/protocol.js";

const retryMs = 250;
/** The most points that one transaction stores, so that it ends well within the limit on a query. */
const batchPoints = 10_000;
/** Memory of a write that is not a point. */
const writeBytes = 1_024;
/** Memory of a point without its name: four numbers and their object. */
const pointBytes = 96;

type Entry = { points: MetricPoint[]; progress: Progress } | { write: () => Promise<void> };

/** How much may wait before the trainer is held back, in points and other writes together, and in bytes of memory. */
export interface JournalBound {
  entries: number;
  bytes: number;
}

/** More than a minute of a trainer that makes a thousand steps per second, each with a point. */
export const journalBound: JournalBound = { entries: 100_000, bytes: 16 * 2 ** 20 };
export const journalLimits = { ...journalBound } as const;

/**
 * What an attempt has to store, in order. While Postgres is unavailable the training continues and entries wait here, up to
 * a limit; waiting points are written together. The first write that fails for another reason ends the journal: nothing
 * after it is written.
 */
export interface Journal {
  addPoints(points: MetricPoint[], progress: Progress): void;
  /** Adds a write. */
  add(write: () => Promise<void>): void;
  /** Resolves when everything that was added is stored. @throws the error that ended the journal. */
  flushed(): Promise<void>;
  /** Drops the entries that wait. */
  close(): void;
}

export interface JournalOptions {
  writePoints: (points: MetricPoint[], progress: Progress) => Promise<void>;
  onFailure: (error: Error) => void;
  /**
   * Called with true when the limit is reached, and with false when half of it is free again. Nothing is dropped: entries
   * that arrive after `true` are kept too.
   */
  onFull?: (full: boolean) => void;
  bound?: JournalBound;
  logger: Logger;
}

export function createJournal(options: JournalOptions): Journal {
  const { bound = journalBound, onFull = () => {} } = options;
  const entries: Entry[] = [];
  const waiting = { entries: 0, bytes: 0 };
  let full = false;
  let failure: Error | undefined;
  let closed = false;
  let pumping: Promise<void> | undefined;

  function count(entries: number, bytes: number): void {
    waiting.entries += entries;
    waiting.bytes += bytes;
    const share = Math.max(waiting.entries / bound.entries, waiting.bytes / bound.bytes);
    if (full ? share > 0.5 : share < 1) return;
    full = !full;
    onFull(full);
  }

  async function pump(): Promise<void> {
    for (let entry = entries[0]; entry && !closed; entry = entries[0]) {
      const taken = "points" in entry ? { ...entry, points: entry.points.slice(0, batchPoints) } : entry;
      try {
        if ("points" in taken) await options.writePoints(taken.points, taken.progress);
        else await taken.write();
      } catch (error) {
        if (!isConnectionError(error) && !isRetriable(error)) throw error;
        options.logger.debug({ err: error }, "Postgres is unavailable; the journal waits");
        await delay(retryMs);
        continue;
      }
      if (closed) return;
      // While the entry was written, points may have been added to it, or progress alone where steps are repeated.
      if ("points" in entry && "points" in taken) {
        entry.points.splice(0, taken.points.length);
        if (entry.points.length === 0 && entry.progress === taken.progress) entries.shift();
      } else entries.shift();
      if ("points" in taken) count(-taken.points.length, -sizeOf(taken.points));
      else count(-1, -writeBytes);
    }
  }

  function start(): void {
    if (pumping || failure || closed) return;
    pumping = pump().then(
      () => {
        pumping = undefined;
        if (entries.length > 0) start();
      },
      (error: Error) => {
        pumping = undefined;
        failure = error;
        options.onFailure(error);
      },
    );
  }

  return {
    addPoints(points, progress) {
      const last = entries.at(-1);
      if (last && "points" in last) {
        for (const point of points) last.points.push(point);
        last.progress = progress;
      } else entries.push({ points: [...points], progress });
      count(points.length, sizeOf(points));
      start();
    },
    add(write) {
      entries.push({ write });
      count(1, writeBytes);
      start();
    },
    async flushed() {
      while (!closed && !failure && entries.length > 0) await (pumping ?? delay(0));
      if (failure) throw failure;
    },
    close() {
      closed = true;
      entries.length = 0;
    },
  };
}

function sizeOf(points: readonly MetricPoint[]): number {
  let bytes = 0;
  for (const { name } of points) bytes += pointBytes + 2 * name.length;
  return bytes;
}
