import { dropped, guarded } from "../guarded.js";

/** Tells a step that hangs from one that is long, and from what is no step at all. */
export interface StepClock {
  /** A step was done. */
  heard(): void;
  /** Whether steps are what the trainer does next. */
  stepping(next: boolean): void;
  /** While it is held, the trainer waits for its worker, not the other way round. */
  hold(held: boolean): void;
  stop(): void;
}

/** A trainer tells of its steps together; what it has told may be this old, and longer on a busy machine. */
const slackMs = 250;
/** How finely a limit is measured: a step is given up after at most a twentieth more. */
const ticksPerLimit = 20;

/**
 * Calls `onTimeout` once when a step has taken longer than `limitMs`. It counts ticks of a timer rather than time: a worker
 * that was itself stopped for a while, with its trainer's messages unread, must not take that for a step.
 */
export function createStepClock(options: { limitMs: number; onTimeout: () => void }): StepClock {
  let stepping = false;
  let held = false;
  let ticks = 0;
  const tick = guarded(() => {
    if (!stepping || held || ++ticks <= ticksPerLimit) return;
    clearInterval(timer);
    options.onTimeout();
    // Whoever is called reports what fails.
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
