import { dropped, guarded, logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { Assignment, FromTrainer } from "../trainer/protocol.js";
import { createStepClock } from "./step-clock.js";
import type { Trainer, TrainerExit } from "./trainer-pool.js";

/** How long a trainer may take to stop by itself when its run is canceled. */
const cancelMs = 1_000;
/** How long a trainer may take to end after its last message. */
const exitMs = 5_000;

/** The message after which a trainer sends no other. */
export type LastMessage = Extract<FromTrainer, { type: "SUCCEEDED" | "STOPPED" | "FAILED" }>;

/** How a trainer ended, and what this worker had to do with that. */
export interface TrainerEnd {
  exit: TrainerExit;
  /** Undefined: it ended without one. */
  lastMessage?: LastMessage;
  /** What it was requested to do. */
  request?: "CANCEL" | "DRAIN";
  /** Why this worker killed it: a step took too long, or a drain did. */
  killedFor?: "HUNG_STEP" | "SLOW_DRAIN";
}

/** The trainer process of one attempt. It can be stopped at any time, also before it has started. */
export interface AttemptTrainer {
  /** Whether a process was taken for the attempt. */
  readonly hasStarted: boolean;
  /** Takes a trainer, gives it the assignment, and waits for its end. `onMessage` hears all that it sends. */
  execute(assignment: Assignment, onMessage: (message: FromTrainer) => void): Promise<TrainerEnd>;
  /** Requests to stop: CANCEL without a result, and by force after a second; DRAIN with a checkpoint. */
  request(what: "CANCEL" | "DRAIN"): void;
  /** Holds the training back before its next step, or lets it continue. */
  hold(held: boolean): void;
  /** Kills it in the middle of a step, because a drain takes too long. */
  cutShort(): void;
  /** Kills it; one that has not started is not waited for. */
  abandon(): void;
  kill(): void;
  /** Stops watching how long its steps take. */
  close(): void;
}

export function createAttemptTrainer(options: {
  take: () => Promise<Trainer>;
  stepTimeoutSeconds: number;
  logger: Logger;
}): AttemptTrainer {
  let trainer: Trainer | undefined;
  let isAbandoned = false;
  const end: Omit<TrainerEnd, "exit"> = {};
  let stopBeforeStart = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    stopBeforeStart = () => resolve(undefined);
  });
  const kill = () => trainer?.kill();
  const killLater = guarded(kill, logged(options.logger, "a trainer could not be killed"));
  const clock = createStepClock({
    limitMs: options.stepTimeoutSeconds * 1_000,
    onTimeout() {
      end.killedFor ??= "HUNG_STEP";
      killLater();
    },
  });

  /** What a message says about the process itself. */
  function follow(message: FromTrainer): void {
    if (message.type === "METRICS") clock.heard();
    else if (message.type === "STEPPING") clock.stepping(message.stepping);
    else if (message.type === "SUCCEEDED" || message.type === "STOPPED" || message.type === "FAILED") {
      end.lastMessage = message;
      clock.stepping(false);
      trainer?.dismiss();
      // If its libraries do not let the process end, its run must not wait for that.
      setTimeout(killLater, exitMs).unref();
    }
  }

  return {
    get hasStarted() {
      return trainer !== undefined;
    },
    async execute(assignment, onMessage) {
      const taken = options.take();
      trainer = await Promise.race([taken, stopped]);
      if (!trainer || end.request || isAbandoned) {
        // Nobody needs to wait for a process that is still loading.
        const unused = taken.then((process) => process.kill());
        unawaited(unused, dropped);
        return { ...end, lastMessage: { type: "STOPPED" }, exit: { code: null, signal: null } };
      }
      trainer.onMessage((message) => {
        follow(message);
        onMessage(message);
      });
      trainer.send({ type: "RUN", assignment });
      const exit = await trainer.exited;
      return { ...end, exit };
    },
    request(what) {
      if (end.request === "CANCEL" || end.request === what) return;
      end.request = what;
      trainer?.send({ type: what });
      stopBeforeStart();
      // A step can be long, and nothing of it would be kept.
      if (what === "CANCEL") setTimeout(killLater, cancelMs).unref();
    },
    hold(held) {
      clock.hold(held);
      trainer?.send({ type: held ? "HOLD" : "GO_ON" });
    },
    cutShort() {
      end.killedFor = "SLOW_DRAIN";
      kill();
    },
    abandon() {
      isAbandoned = true;
      kill();
      stopBeforeStart();
    },
    kill,
    close: () => clock.stop(),
  };
}
