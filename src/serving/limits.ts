import type { CallLimits } from "./thread-calls.js";

/** Of `planTraining`. Tracing takes tens of milliseconds for most models, and up to ten seconds for the largest. */
export const planLimits: CallLimits = { waiting: 100, waitSeconds: 60, runSeconds: 60, ahead: 1 };

/** Of the check that `declareModel` makes of a model that is new. */
export const checkLimits: CallLimits = { waiting: 100, waitSeconds: 60, runSeconds: 60, ahead: 1 };

/** Of slices of predictions. The first one of a version includes compiling its model. */
export const predictionLimits: CallLimits = { waiting: 1_000, waitSeconds: 30, runSeconds: 60, ahead: 2 };

/** Of versions that are kept loaded, and of requests that wait until there is room for theirs. */
export interface ServedVersionLimits {
  /** Versions loaded at once. */
  count: number;
  /** Bytes that they may take together; a version that takes more is loaded when no other is. */
  bytes: number;
  /** Seconds that a request may wait for room, before it is refused: DEADLINE_EXCEEDED. */
  waitSeconds: number;
}

export const servedVersionLimits: ServedVersionLimits = { count: 16, bytes: 2 ** 31, waitSeconds: 30 };

/**
 * What one slice of a prediction holds at the most; whatever is larger is cut, so that requests of a single row get their
 * turn in between. Chosen so that a slice takes about ten milliseconds, on the server's loop and on the serving thread.
 */
export const sliceLimits = {
  /** Numbers of NUMBER, BINARY, CATEGORY, TIMESTAMP, VECTOR and IMAGE features. */
  numbers: 2 ** 17,
  /** Characters and entries of TEXT and SEQUENCE features. */
  elements: 2 ** 20,
  /** Multiplications, estimated from the model's parameters. */
  multiplications: 5e7,
} as const;

/** How long a prediction may keep the server's loop, in milliseconds, before others get a turn. */
export const turnMilliseconds = 10;
