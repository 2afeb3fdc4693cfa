import { setImmediate as nextTurn } from "node:timers/promises";
import type { Executor } from "../engine/executor.js";
import { PlatformError } from "../errors.js";
import type { MetricPoint } from "../spec/metrics.js";
import type { ObjectStore } from "../storage/object-store.js";
import { runAttempt } from "./attempt.js";
import { patientStore } from "./patient-store.js";
import type { AssignedDevice, FromTrainer, Progress, ToTrainer } from "./protocol.js";
import { warmUp } from "./warm-up.js";

/** How long points may wait before they are sent: `run.progress` promises 250 ms, and the worker needs its share. */
const flushMs = 50;
/** How long a store may be away before the attempt ends. */
const patienceMs = 60_000;
/** How long the loop may keep messages from coming in. */
const turnMs = 20;

/**
 * The life of a trainer process: it says READY, waits for one assignment, works it off, says how that ended, and exits.
 * It is alone with its run: whatever goes wrong here, at worst this process ends, and its worker starts another.
 */
export async function serveTrainer(options: {
  store: () => Promise<ObjectStore>;
  /** Made for the device that the run was granted, and the threads that it asks for. */
  executor: (device: AssignedDevice, threads: number) => Executor;
  /** Computes while the process waits for its run, so that all it needs is loaded. */
  rehearsal: Executor;
  /** Sees the assignment before it is worked on, to name the process after its run. */
  onAssigned: (runId: string) => void;
}): Promise<void> {
  const channel = process;
  if (!channel.send) throw new PlatformError("UNSUPPORTED", "a trainer is started by a worker, not by hand");
  // A Ctrl-C reaches the whole foreground group; the worker decides what becomes of its trainers.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // Without its worker, nothing it does can be stored.
  process.on("disconnect", () => process.exit(1));

  let request: "CANCEL" | "DRAIN" | undefined;
  const assigned = new Promise<Extract<ToTrainer, { type: "RUN" }>>((resolve) => {
    process.on("message", (message: ToTrainer) => {
      if (message.type === "RUN") resolve(message);
      else request = message.type;
    });
  });
  const outbox = createOutbox((message) => void channel.send?.(message));
  await warmUp(options.rehearsal);
  outbox.send({ type: "READY" });
  const { assignment } = await assigned;
  options.onAssigned(assignment.runId);

  let turnAt = performance.now();
  try {
    const outcome = await runAttempt(assignment, {
      store: patientStore(await options.store(), { patienceMs, stopped: () => request !== undefined }),
      executor: options.executor(assignment.device, assignment.training.threads),
      send: outbox.send,
      flush: outbox.flush,
      now: () => performance.now(),
      async yield() {
        if (performance.now() - turnAt >= turnMs) {
          outbox.flush();
          await nextTurn();
          turnAt = performance.now();
        }
        return request;
      },
    });
    outbox.send(outcome ? { type: "SUCCEEDED", outcome } : { type: "STOPPED" });
  } catch (error) {
    const known = error instanceof PlatformError;
    const code = known ? error.code : "TRAINER_FAILED";
    const message = known ? error.message : `${(error as Error).stack ?? error}`.slice(0, 2_000);
    outbox.send({ type: "FAILED", error: { code, message } });
  }
  // The worker closes the channel when it has stored what came last; `disconnect` then ends the process.
}

/** Sends messages in order; points travel together, since a message each would cost more than a small step. */
function createOutbox(post: (message: FromTrainer) => void): { send(message: FromTrainer): void; flush(): void } {
  let points: MetricPoint[] = [];
  let progress: Progress | undefined;
  let sentAt = 0;
  const flush = () => {
    if (progress) post({ type: "METRICS", points, progress });
    points = [];
    progress = undefined;
    sentAt = performance.now();
  };
  return {
    flush,
    send(message) {
      if (message.type !== "METRICS") {
        flush();
        post(message);
        return;
      }
      points.push(...message.points);
      progress = message.progress;
      if (performance.now() - sentAt >= flushMs) flush();
    },
  };
}
