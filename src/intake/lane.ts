import type { TransferListItem } from "node:worker_threads";
import { createThread } from "../threads/thread.js";
import type { Budget } from "./budget.js";
import type { CallName, Calls, ToThread } from "./protocol.js";

/** A worker thread that handles a limited number of calls at once; others wait for their turn. */
export interface Lane {
  /**
   * Waits for its turn, then sends the request to the thread.
   *
   * @param options.urgent goes before the waiting calls, for requests that hold a share of something already.
   * @param options.transfer what is transferred instead of copied.
   * @throws PlatformError as the thread throws it, and LIMIT_EXCEEDED when the turn does not come.
   */
  call<Name extends CallName>(
    type: Name,
    request: Calls[Name]["request"],
    options?: { urgent?: boolean; transfer?: readonly TransferListItem[] },
  ): Promise<Calls[Name]["result"]>;
  /** Sends what needs neither a turn nor an answer, if the thread is running. */
  post<Name extends CallName>(type: Name, request: Calls[Name]["request"]): void;
  close(): Promise<void>;
}

/** @param turns limits the calls that are with the thread at once, and those that wait. */
export function createLane(url: URL, turns: Budget): Lane {
  const thread = createThread<ToThread, unknown>({ url });
  // The compiler cannot see that this name and this request belong together.
  const message = (type: CallName, request: object) => ({ type, ...request }) as ToThread;
  return {
    async call(type, request, { urgent, transfer } = {}) {
      const giveBack = await turns.take(1, { urgent });
      try {
        return (await thread.call(message(type, request), transfer)) as Calls[typeof type]["result"];
      } finally {
        giveBack();
      }
    },
    post: (type, request) => thread.postIfRunning(message(type, request)),
    close: thread.close,
  };
}
