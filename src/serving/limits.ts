import type { CallLimits } from "./thread-calls.js";

/** Limits of `planTraining`. Tracing takes tens of milliseconds for most models, and up to ten seconds for the largest. */
export const planLimits: CallLimits = { waiting: 100, waitSeconds: 60, runSeconds: 60, ahead: 1 };

/** Limits of the check that `declareModel` makes of a new model. */
export const checkLimits: CallLimits = { waiting: 100, waitSeconds: 60, runSeconds: 60, ahead: 1 };

/** Limits of slices of predictions. The first slice of a version includes the compilation of its model. */
export const predictionLimits: CallLimits = { waiting: 1_000, waitSeconds: 30, runSeconds: 60, ahead: 2 };

/** Limits of loaded versions, and of requests that wait until there is room for theirs. */
export interface ServedVersionLimits {
  /** How many versions are loaded at once. */
  count: number;
  /** Bytes of all loaded versions. A version that needs more is loaded when no other is. */
  bytes: number;
  /** Seconds that a request may wait for room before it is refused: DEADLINE_EXCEEDED. */
  waitSeconds: number;
}

export const servedVersionLimits: ServedVersionLimits = { count: 16, bytes: 2 ** 31, waitSeconds: 30 };

/**
 * The most that one slice of a prediction holds. Larger requests are divided, so that requests of one row get their turn in
 * between. A slice takes about ten milliseconds on the server's event loop, and as long on the serving thread.
 */
export const sliceLimits = {
  /** Numbers of NUMBER, BINARY, CATEGORY, TIMESTAMP, VECTOR and IMAGE features. */
  numbers: 2 ** 17,
  /** Characters and entries of TEXT and SEQUENCE features. */
  elements: 2 ** 20,
  /** Multiplications, estimated from the model's parameters. */
  multiplications: 5e7,
} as const;

/** How long a prediction may occupy the server's event loop before others get a turn, in milliseconds. */
export const turnMilliseconds = 10;
