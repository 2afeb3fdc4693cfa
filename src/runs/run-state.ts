import type { RunState } from "../entities/run.js";

/** The only transitions there are. `ARCHITECTURE.md` shows this table; a test compares the two. */
export const transitions: Record<RunState, readonly RunState[]> = {
  // To FAILED from the queue or a pause: a run that it depends on did not succeed.
  QUEUED: ["RUNNING", "PAUSED", "FAILED", "CANCELED"],
  // Back to QUEUED: the lease was lost, the run was preempted, or a fault can be retried.
  RUNNING: ["SUCCEEDED", "FAILED", "CANCELED", "CANCELING", "QUEUED", "PAUSED"],
  CANCELING: ["CANCELED", "FAILED"],
  PAUSED: ["QUEUED", "FAILED", "CANCELED"],
  SUCCEEDED: [],
  FAILED: [],
  CANCELED: [],
};

export const isFinal = (state: RunState): boolean => transitions[state].length === 0;
