import { type ChildProcess, fork } from "node:child_process";
import { failpoint } from "../failpoint.js";
import { dropped, guarded, logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { FromTrainer, ToTrainer } from "../trainer/protocol.js";
import type { OomKills } from "./oom-kills.js";
import { preferForOomKill } from "./oom-score.js";

/** How a process ended; both null: it could not be started. */
export interface TrainerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A trainer process as its worker sees it. */
export interface Trainer {
  readonly pid: number;
  send(message: ToTrainer): void;
  onMessage(listener: (message: FromTrainer) => void): void;
  /** Resolves when the process is gone, however that came about. */
  readonly exited: Promise<TrainerExit>;
  /** Closes the channel: the trainer has nothing more to say and ends. */
  dismiss(): void;
  kill(): void;
}

export interface TrainerPool {
  /** A trainer that is ready, usually at once; the next spare is started meanwhile. */
  take(): Promise<Trainer>;
  /** Ends the spare; trainers that were taken are their takers' business. */
  close(): Promise<void>;
}

/** A trainer that has not loaded by then never will. */
const readyMs = 60_000;

/** As long as a run's id, so that the process can be renamed after its run: a title cannot outgrow the arguments. */
const placeholder = "run_00000000-0000-0000-0000-000000000000";

/**
 * How Node runs a trainer. It frees by itself what each step leaves behind (`engine/onnx/run/output-copies.ts`), and has a small
 * heap that hardly grows: marking it bit by bit, which V8 would start anew every few steps, is nothing but work.
 */
export const trainerFlags: readonly string[] = ["--expose-gc", "--no-incremental-marking"];

/**
 * Keeps one trainer started ahead: loading the numerics takes longer than everything else between `train` and the first
 * step.
 */
export function createTrainerPool(options: {
  modulePath: string;
  env: NodeJS.ProcessEnv;
  oomKills: OomKills;
  logger: Logger;
}): TrainerPool {
  let closed = false;
  const notStarted = (error: unknown) => options.logger.warn({ err: error }, "the spare trainer did not start");
  let spare: StartedTrainer | undefined = startSpare();
  const startNextSpare = guarded(() => {
    if (!closed) spare ??= startSpare();
    // Such as no memory for another process: whoever needs a trainer next starts one itself.
  }, notStarted);

  function startSpare(): StartedTrainer {
    const started = startTrainer(options);
    // Whoever takes it tries once more and tells of what then goes wrong; a Ctrl-C may end it while it loads.
    unawaited(started.ready, notStarted);
    const killsBefore = options.oomKills.soFar();
    const settled = started.trainer.exited.then(async ({ signal }) => {
      if (spare !== started) return;
      // One that was ready and has died since must not be handed to a run.
      spare = undefined;
      // And no trainer that somebody else kills later is to answer for this one.
      if (signal === "SIGKILL") await options.oomKills.claim(await killsBefore);
    });
    unawaited(settled, logged(options.logger, "the end of a spare trainer could not be accounted for"));
    return started;
  }

  return {
    async take() {
      if (closed) throw new Error("the trainer pool is closed");
      const taken = spare ?? startTrainer(options);
      // The next spare loads only once this one runs: both at once would slow down the one that is waited for.
      spare = undefined;
      const trainer = await taken.ready.catch(() => startTrainer(options).ready);
      setTimeout(startNextSpare, 300).unref();
      return trainer;
    },
    async close() {
      closed = true;
      // It holds nothing that could get lost, and while it loads it would not hear that its channel is closed.
      spare?.trainer.kill();
      await spare?.trainer.exited;
    },
  };
}

interface StartedTrainer {
  trainer: Trainer;
  /** Resolves when it can be given a run; rejects when it ends before. */
  ready: Promise<Trainer>;
}

function startTrainer(options: { modulePath: string; env: NodeJS.ProcessEnv }): StartedTrainer {
  failpoint("fork");
  const child = fork(options.modulePath, ["trainer", placeholder], {
    env: options.env,
    execArgv: [...process.execArgv, ...trainerFlags],
    // Structured clone instead of JSON: NaN and typed arrays arrive as they left.
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  if (child.pid) unawaited(preferForOomKill(child.pid), dropped);
  const trainer = wrap(child);
  const ready = new Promise<Trainer>((resolve, reject) => {
    child.once("message", () => resolve(trainer));
    child.on("error", reject);
    const early = trainer.exited.then(({ code, signal }) =>
      reject(new Error(`the trainer ended before it was ready (${signal ?? code})`)),
    );
    unawaited(early, reject);
  });
  const timer = setTimeout(guarded(trainer.kill, dropped), readyMs);
  const stopTimer = () => clearTimeout(timer);
  unawaited(trainer.exited.then(stopTimer), dropped);
  unawaited(ready.then(stopTimer), dropped);
  return { trainer, ready };
}

function wrap(child: ChildProcess): Trainer {
  const exited = new Promise<TrainerExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", () => resolve({ code: null, signal: null }));
  });
  return {
    pid: child.pid ?? -1,
    exited,
    // A trainer that has just died cannot be written to; `exited` tells its taker.
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    onMessage(listener) {
      // Its attempt ends as one whose trainer was lost.
      child.on(
        "message",
        guarded(listener as (message: unknown) => void, () => child.kill("SIGKILL")),
      );
    },
    dismiss() {
      if (child.connected) child.disconnect();
    },
    kill() {
      child.kill("SIGKILL");
    },
  };
}
