import type { TransferListItem } from "node:worker_threads";
import { createThread } from "../threads/thread.js";
import type { Budget } from "./budget.js";
import type { CallName, Calls, ToThread } from "./protocol.js";

/** A thread for some of the work. Only so many calls are with it at once; others wait for their turn. */
export interface Lane {
  /**
   * Waits for its turn, then has the thread do it.
   *
   * @param options.urgent before those that wait: for requests that hold something already.
   * @param options.transfer what is handed over instead of copied.
   * @throws PlatformError as the thread throws it, and LIMIT_EXCEEDED when the turn does not come.
   */
  call<Name extends CallName>(
    type: Name,
    request: Calls[Name]["request"],
    options?: { urgent?: boolean; transfer?: readonly TransferListItem[] },
  ): Promise<Calls[Name]["result"]>;
  /** Tells the thread, if it is running, what needs neither turn nor answer. */
  post<Name extends CallName>(type: Name, request: Calls[Name]["request"]): void;
  close(): Promise<void>;
}

/** @param turns how many calls the thread has at once, and how many may wait. */
export function createLane(url: URL, turns: Budget): Lane {
  const thread = createThread<ToThread, unknown>({ url });
  // The compiler cannot follow that a name and its request belong together.
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
