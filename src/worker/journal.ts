import { setTimeout as delay } from "node:timers/promises";
import { isConnectionError } from "../db/connection-error.js";
import { isRetriable } from "../db/transaction.js";
import type { Logger } from "../logger.js";
import type { MetricPoint } from "../spec/metrics.js";
import type { Progress } from "../trainer/protocol.js";

const retryMs = 250;

type Entry = { points: MetricPoint[]; progress: Progress } | { write: () => Promise<void> };

/**
 * What an attempt has to store, in order. While Postgres is away the training goes on and entries wait here; points that
 * wait are written together. The first write that fails for another reason ends the journal: nothing behind it is
 * written.
 */
export interface Journal {
  addPoints(points: MetricPoint[], progress: Progress): void;
  /** Adds a write behind everything before it. */
  add(write: () => Promise<void>): void;
  /** Resolves when all that was added is stored. @throws what ended the journal. */
  flushed(): Promise<void>;
  /** Forgets what waits. */
  close(): void;
}

export function createJournal(options: {
  writePoints: (points: MetricPoint[], progress: Progress) => Promise<void>;
  onFailure: (error: Error) => void;
  logger: Logger;
}): Journal {
  const entries: Entry[] = [];
  let failure: Error | undefined;
  let closed = false;
  let pumping: Promise<void> | undefined;

  async function pump(): Promise<void> {
    for (let entry = entries[0]; entry && !closed; entry = entries[0]) {
      const taken = "points" in entry ? { ...entry, points: [...entry.points] } : entry;
      try {
        if ("points" in taken) await options.writePoints(taken.points, taken.progress);
        else await taken.write();
      } catch (error) {
        if (!isConnectionError(error) && !isRetriable(error)) throw error;
        options.logger.debug({ error: (error as Error).message }, "Postgres is away; the journal waits");
        await delay(retryMs);
        continue;
      }
      // Points may have joined the entry while it was written.
      if ("points" in entry && "points" in taken && entry.points.length > taken.points.length)
        entry.points.splice(0, taken.points.length);
      else entries.shift();
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
        last.points.push(...points);
        last.progress = progress;
      } else entries.push({ points: [...points], progress });
      start();
    },
    add(write) {
      entries.push({ write });
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
