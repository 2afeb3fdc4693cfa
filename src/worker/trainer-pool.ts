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
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<TrainerExit>;
  /** Closes the channel, on which the trainer ends. */
  dismiss(): void;
  kill(): void;
}

export interface TrainerPool {
  /** A trainer that is ready, usually at once. The next spare is started afterwards. */
  take(): Promise<Trainer>;
  /** Ends the spare. Trainers that were taken are not affected. */
  close(): Promise<void>;
}

/** How long a trainer may take to load. */
const readyMs = 60_000;

/** As long as the id of a run: the title of a process, which names its run, cannot be longer than its arguments. */
const placeholder = "run_00000000-0000-0000-0000-000000000000";

/**
 * How Node runs a trainer. A trainer frees the memory of each step itself (`engine/onnx/run/output-copies.ts`), and its heap is
 * small and hardly grows, so the incremental marking that V8 would start every few steps is of no use.
 */
export const trainerFlags: readonly string[] = ["--expose-gc", "--no-incremental-marking"];

/**
 * Keeps one spare trainer, because loading the numerics takes longer than everything else between `train` and the first step.
 */
export function createTrainerPool(options: {
  modulePath: string;
  env: NodeJS.ProcessEnv;
  oomKills: OomKills;
  logger: Logger;
}): TrainerPool {
  let closed = false;
  const notStarted = (error: unknown) => {
    // Closing the pool kills a spare that still loads, which is nothing to warn of.
    if (!closed) options.logger.warn({ err: error }, "the spare trainer did not start");
  };
  let spare: StartedTrainer | undefined = startSpare();
  const startNextSpare = guarded(() => {
    if (!closed) spare ??= startSpare();
    // For example for lack of memory. The next `take` starts a trainer itself.
  }, notStarted);

  function startSpare(): StartedTrainer {
    const started = startTrainer(options);
    // `take` tries once more and reports what fails then. A Ctrl-C may end a trainer while it loads.
    unawaited(started.ready, notStarted);
    const killsBefore = options.oomKills.soFar();
    const settled = started.trainer.exited.then(async ({ signal }) => {
      if (spare !== started) return;
      // A spare that has ended must not be taken.
      spare = undefined;
      // A kill by the kernel is claimed here, so that no other trainer is held to have been killed by it.
      if (signal === "SIGKILL") await options.oomKills.claim(await killsBefore);
    });
    unawaited(settled, logged(options.logger, "the end of a spare trainer could not be accounted for"));
    return started;
  }

  return {
    async take() {
      if (closed) throw new Error("the trainer pool is closed");
      const taken = spare ?? startTrainer(options);
      // The next spare loads later, because loading both at once would delay the one that is needed now.
      spare = undefined;
      const trainer = await taken.ready.catch(() => startTrainer(options).ready);
      setTimeout(startNextSpare, 300).unref();
      return trainer;
    },
    async close() {
      closed = true;
      // Nothing gets lost, and a process that is still loading would not notice that its channel is closed.
      spare?.trainer.kill();
      await spare?.trainer.exited;
    },
  };
}

interface StartedTrainer {
  trainer: Trainer;
  /** Resolves when it is ready for a run; rejects if it ends before that. */
  ready: Promise<Trainer>;
}

function startTrainer(options: { modulePath: string; env: NodeJS.ProcessEnv }): StartedTrainer {
  failpoint("fork");
  const child = fork(options.modulePath, ["trainer", placeholder], {
    env: options.env,
    execArgv: [...process.execArgv, ...trainerFlags],
    // Structured clone instead of JSON, which keeps NaN and typed arrays.
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
    // A trainer that has just ended cannot be written to; `exited` resolves then.
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    onMessage(listener) {
      // Its attempt then ends as if the trainer had crashed.
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
