import type { DataSource, EntityManager } from "typeorm";
import { pacedHint } from "../pubsub/hints.js";
import { publish } from "../pubsub/topics.js";
import { recordCheckpoint } from "../runs/checkpoints.js";
import { type RunEventKind, recordRunEvent } from "../runs/events.js";
import { fenced, type Lease, recordEnvironment } from "../runs/lease.js";
import { appendMetrics, recordRewind } from "../runs/metrics.js";
import type { FromTrainer } from "../trainer/protocol.js";
import type { Journal, JournalOptions } from "./journal.js";

/** Hints to subscribers are coalesced to this pace. */
const hintMs = 100;

/** Stores points, and tells subscribers of them. */
export function pointWriter(db: DataSource, lease: Lease): JournalOptions["writePoints"] {
  const hint = pacedHint(() => publish(db, { type: "metrics", runId: lease.runId }), hintMs);
  return async (points, progress) => {
    await appendMetrics(db, lease, points, progress);
    hint();
  };
}

/** What an attempt has achieved, as its trainer reports it. */
export interface AttemptResults {
  /** Stores what a message says, in the order of the messages. */
  store(message: FromTrainer): void;
  /** The last step that this attempt made or resumed from. */
  readonly reachedStep: number;
}

type FencedWrite = (manager: EntityManager) => Promise<void>;

/** @param options.metricHead `seq` of the last point that earlier attempts have stored. */
export function createAttemptResults(options: {
  db: DataSource;
  lease: Lease;
  metricHead: number;
  journal: Pick<Journal, "add" | "addPoints">;
}): AttemptResults {
  const { db, lease, journal } = options;
  const { runId } = lease;
  let head = options.metricHead;
  let reachedStep = 0;
  const record = (body: FencedWrite) => journal.add(() => fenced(db, lease, body));
  const log = (kind: RunEventKind, message: string) =>
    record((manager) => recordRunEvent(manager, { runId, kind, message }));

  type Handlers = { [Type in FromTrainer["type"]]?: (message: Extract<FromTrainer, { type: Type }>) => void };
  const handlers: Handlers = {
    STARTED: ({ environment }) => record((manager) => recordEnvironment(manager, runId, environment)),
    RESUMED({ step }) {
      reachedStep = step;
      log("RESUMED", `resumed after step ${step}`);
    },
    METRICS({ points, progress }) {
      // A resumed attempt repeats steps; points that are stored already come again, bit for bit.
      const fresh = points.filter(({ seq }) => seq > head);
      head = fresh.at(-1)?.seq ?? head;
      reachedStep = progress.step;
      journal.addPoints(fresh, progress);
    },
    REWIND: (rewind) => journal.add(() => recordRewind(db, lease, rewind)),
    CHECKPOINT: ({ checkpoint }) => journal.add(() => recordCheckpoint(db, lease, checkpoint)),
    ENVIRONMENT_CHANGED: ({ type, message }) => log(type, message),
    WARNING: ({ type, message }) => log(type, message),
    ROWS_SKIPPED: ({ type, message }) => log(type, message),
    EARLY_STOPPED: ({ type, message }) => log(type, message),
  };

  return {
    get reachedStep() {
      return reachedStep;
    },
    store(message) {
      // The type of a message chooses its handler, which the compiler cannot follow.
      (handlers[message.type] as ((message: FromTrainer) => void) | undefined)?.(message);
    },
  };
}
