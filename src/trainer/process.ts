import { setImmediate as nextTurn } from "node:timers/promises";
import type { Executor } from "../engine/graphs/executor.js";
import { PlatformError } from "../errors.js";
import type { MetricPoint } from "../language/metrics/metrics.js";
import type { ObjectStore } from "../storage/object-store.js";
import { runAttempt } from "./attempt.js";
import { startCheckpointThread } from "./checkpoint-thread.js";
import type { Interlude } from "./fit-listener.js";
import { patientStore } from "./patient-store.js";
import type { AssignedDevice, FromTrainer, Progress, ToTrainer } from "./protocol.js";
import { warmUp } from "./warm-up.js";

/** How long points may wait before they are sent. `run.progress` is at most 250 ms old, and the worker needs part of that. */
const flushMs = 50;
/** How long a store may be unavailable before the attempt ends. */
const patienceMs = 60_000;
export const trainerLimits = { patienceMs } as const;
/** Messages that may wait for a worker that does not read them, such as a stopped one: about ten seconds of training. */
const unreadMessages = 200;
/** An evaluation that takes less than this is not reported; the limit on a step is at least ten times as long. */
const silentMs = 100;
/** How long the training loop may run before it lets messages in. */
const turnMs = 20;

/**
 * The life of a trainer process: it reports READY, waits for one assignment, runs the attempt, reports how it ended, and exits.
 * A process serves one run, so a fault ends at worst this process, and the worker starts another.
 */
export async function serveTrainer(options: {
  store: () => Promise<ObjectStore>;
  /** The program of the thread that stores checkpoints; by default the platform's own. */
  checkpointThread?: URL;
  /** Made for the device that the run was granted, and the threads that it asks for. */
  executor: (device: AssignedDevice, threads: number) => Executor;
  /** Used while the process waits for its run, so that everything is loaded by then. */
  rehearsal: Executor;
  /** Called before the attempt starts, to name the process after its run. */
  onAssigned: (runId: string) => void;
}): Promise<void> {
  const channel = process;
  if (!channel.send) throw new PlatformError("UNSUPPORTED", "a trainer is started by a worker, not by hand");
  // A Ctrl-C reaches the whole process group; the worker decides what its trainers do then.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // Without its worker, no result can be stored. The worker may have ended while this process was loading.
  process.on("disconnect", () => process.exit(1));
  if (!process.connected) process.exit(1);

  let request: "CANCEL" | "DRAIN" | undefined;
  let held = false;
  let release = () => {};
  const assigned = new Promise<Extract<ToTrainer, { type: "RUN" }>>((resolve) => {
    process.on("message", (message: ToTrainer) => {
      if (message.type === "RUN") return resolve(message);
      if (message.type === "HOLD" || message.type === "GO_ON") held = message.type === "HOLD";
      else request = message.type;
      if (!held || request) release();
    });
  });
  let unread = 0;
  const outbox = createOutbox((message) => {
    unread += 1;
    channel.send?.(message, undefined, {}, () => {
      unread -= 1;
      if (unread <= unreadMessages) release();
    });
  });
  const saver = startCheckpointThread(
    options.checkpointThread ?? new URL("../programs/checkpoint-thread.js", import.meta.url),
  );
  await warmUp(options.rehearsal);
  outbox.send({ type: "READY" });
  const { assignment } = await assigned;
  options.onAssigned(assignment.runId);

  let turnAt = performance.now();
  const patience = { patienceMs, stopped: () => request !== undefined };
  try {
    const outcome = await runAttempt(assignment, {
      store: patientStore(await options.store(), patience),
      saver,
      patience,
      executor: options.executor(assignment.device, assignment.training.threads),
      send: outbox.send,
      flush: outbox.leaveSteps,
      now: () => performance.now(),
      async yield() {
        if (performance.now() - turnAt >= turnMs) {
          outbox.flush();
          await nextTurn();
          turnAt = performance.now();
        }
        // Checked again after each wait: either condition may arise while the other is waited for.
        while ((held || unread > unreadMessages) && !request) {
          outbox.flush();
          await new Promise<void>((resolve) => {
            release = resolve;
          });
        }
        if (!request) outbox.beginStep();
        return request;
      },
    });
    outbox.send(outcome ? { type: "SUCCEEDED", outcome } : { type: "STOPPED" });
  } catch (error) {
    const known = error instanceof PlatformError;
    // A requested stop does not wait for an unavailable store, and that is not a fault of the run.
    if (request && known && error.code === "STORAGE_UNAVAILABLE") return outbox.send({ type: "STOPPED" });
    const code = known ? error.code : "TRAINER_FAILED";
    const message = known ? error.message : `${(error as Error).stack ?? error}`.slice(0, 2_000);
    outbox.send({ type: "FAILED", error: { code, message } });
  }
  // The worker closes the channel when it has stored the last message; `disconnect` then ends the process.
}

interface Outbox {
  send(message: FromTrainer): void;
  flush(): void;
  /** Reports that what follows is not a step. */
  leaveSteps(next: Interlude): void;
  /** Reports that steps follow, unless that was the last report. */
  beginStep(): void;
}

/** Sends messages in order. Points are sent in batches, because a message per point would cost more than a small step. */
function createOutbox(post: (message: FromTrainer) => void): Outbox {
  let stepping = false;
  let left: { next: Interlude; at: number } | undefined;
  let evaluationMs = Number.POSITIVE_INFINITY;
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
    leaveSteps(next) {
      flush();
      left = { next, at: performance.now() };
      // A short evaluation counts as part of the step, so that short epochs do not cost two more messages each.
      if (!stepping || (next === "EVALUATION" && evaluationMs < silentMs)) return;
      stepping = false;
      post({ type: "STEPPING", stepping });
    },
    beginStep() {
      if (left?.next === "EVALUATION") evaluationMs = performance.now() - left.at;
      left = undefined;
      if (stepping) return;
      stepping = true;
      post({ type: "STEPPING", stepping });
    },
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
