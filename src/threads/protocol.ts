import type { ThreadError } from "./thread-error.js";

/** To a thread. Without an id, the request gets no answer. */
export interface ToThread<Request> {
  id?: number;
  request: Request;
}

/** From a thread: the answer to the request with that id. */
export type FromThread<Result> = { id: number; result: Result } | { id: number; error: ThreadError };
