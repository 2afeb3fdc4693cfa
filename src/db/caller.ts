import type { Session } from "./session.js";

/** The request for which a worker thread computes something. */
export interface Caller {
  /** Calls with the same request object share one turn in the queue. */
  request: object;
  /** Aborted when nobody waits for the answer any more: calls that have not started are then dropped. */
  signal?: AbortSignal;
  /** In whose scope names are looked up; default: the operator's. */
  session?: Session;
}
