import type { DataSource } from "typeorm";
import { guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { Wakeups } from "../pubsub/wakeups.js";
import { startDueRetrainings } from "./trigger.js";

/** Covers a lost hint and the time a server was down. */
const pollMs = 5_000;

/** Starts retrainings as they fall due: at every hint about a dataset or a model, and every few seconds. */
export function watchRetrainings(options: { db: DataSource; wakeups: Wakeups; logger: Logger }): {
  stop(): Promise<void>;
} {
  const { db, wakeups, logger } = options;
  let stopped = false;
  let again = false;
  let sweeping: Promise<void> | undefined;

  const sweep = guarded(
    () => {
      // A hint that comes during a sweep may be about something the sweep has already passed.
      again = true;
      sweeping ??= (async () => {
        while (again && !stopped) {
          again = false;
          try {
            for (const runId of await startDueRetrainings(db)) logger.info({ runId }, "retraining started");
          } catch (error) {
            logger.warn({ err: error }, "looking for due retrainings failed; trying again");
          }
        }
        sweeping = undefined;
      })();
    },
    logged(logger, "looking for due retrainings failed"),
  );

  const unsubscribe = [wakeups.subscribe("dataset", sweep), wakeups.subscribe("model", sweep)];
  const timer = setInterval(sweep, pollMs);
  sweep();
  return {
    async stop() {
      stopped = true;
      clearInterval(timer);
      for (const end of unsubscribe) end();
      await sweeping;
    },
  };
}
