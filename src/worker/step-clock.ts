import { dropped, guarded } from "../guarded.js";

/** Finds steps that hang. Only steps are timed, not evaluations or checkpoints. */
export interface StepClock {
  /** A step was made. */
  heard(): void;
  /** Whether the trainer makes steps now. */
  stepping(next: boolean): void;
  /** While the trainer is held back, nothing is timed. */
  hold(held: boolean): void;
  stop(): void;
}

/** A trainer reports steps in batches, so a report may be this old, and older on a busy machine. */
const slackMs = 250;
/** The resolution of the limit: a step may take up to a twentieth longer. */
const ticksPerLimit = 20;

/**
 * Calls `onTimeout` once when a step has taken longer than `limitMs`. It counts ticks of a timer, not time, because a worker
 * that was itself stopped for a while has not read the messages of its trainer.
 */
export function createStepClock(options: { limitMs: number; onTimeout: () => void }): StepClock {
  let stepping = false;
  let held = false;
  let ticks = 0;
  const tick = guarded(() => {
    if (!stepping || held || ++ticks <= ticksPerLimit) return;
    clearInterval(timer);
    options.onTimeout();
    // `onTimeout` reports its own failures.
  }, dropped);
  const timer = setInterval(tick, (options.limitMs + slackMs) / ticksPerLimit);
  timer.unref();
  return {
    heard() {
      ticks = 0;
    },
    stepping(next) {
      stepping = next;
      ticks = 0;
    },
    hold(next) {
      held = next;
      ticks = 0;
    },
    stop: () => clearInterval(timer),
  };
}
