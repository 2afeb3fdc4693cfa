import { type TransferListItem, Worker } from "node:worker_threads";
import { errorFromThread } from "../errors.js";
import { guarded } from "../guarded.js";
import type { Budget } from "./budget.js";
import type { CallName, Calls, FromThread } from "./protocol.js";

/** A thread for some of the work, started when it is first needed, and anew when it has died. */
export interface Lane {
  /**
   * Waits for its turn, then has the thread do it.
   *
   * @param options.urgent before those that wait: for requests that hold something already.
   * @param options.transfer what is handed over instead of copied.
   * @throws PlatformError of the thread's own, and LIMIT_EXCEEDED when the turn does not come.
   */
  call<Name extends CallName>(
    type: Name,
    request: Calls[Name]["request"],
    options?: { urgent?: boolean; transfer?: TransferListItem[] },
  ): Promise<Calls[Name]["answer"]>;
  /** Tells the thread what needs neither turn nor answer; for nothing where no thread runs. */
  post<Name extends CallName>(type: Name, request: Calls[Name]["request"]): void;
  close(): Promise<void>;
}

/** @param turns how many calls the thread has at once, and how many may wait. */
export function createLane(url: URL, turns: Budget): Lane {
  const pending = new Map<number, { resolve: (answer: unknown) => void; reject: (error: unknown) => void }>();
  let thread: Worker | undefined;
  let isClosed = false;
  let lastId = 0;

  function rejectAll(error: unknown): void {
    for (const waiting of pending.values()) waiting.reject(error);
    pending.clear();
  }

  function start(): Worker {
    const worker = new Worker(url);
    // What serves never keeps a finished process alive.
    worker.unref();
    const receive = guarded((message: FromThread) => {
      const waiting = pending.get(message.id);
      pending.delete(message.id);
      if ("answer" in message) waiting?.resolve(message.answer);
      else waiting?.reject(errorFromThread(message.error));
    }, rejectAll);
    const end = guarded((error?: unknown) => {
      if (thread !== worker) return;
      thread = undefined;
      rejectAll(error instanceof Error ? error : new Error("the thread has ended"));
    }, rejectAll);
    worker.on("message", receive);
    worker.on("error", end);
    worker.on("exit", end);
    return worker;
  }

  return {
    async call(type, request, { urgent, transfer = [] } = {}) {
      const giveBack = await turns.take(1, { urgent });
      try {
        if (isClosed) throw new Error("the server is stopping");
        thread ??= start();
        const id = ++lastId;
        const answer = new Promise<unknown>((resolve, reject) => pending.set(id, { resolve, reject }));
        thread.postMessage({ type, id, ...request }, transfer);
        return (await answer) as Calls[typeof type]["answer"];
      } finally {
        giveBack();
      }
    },
    post(type, request) {
      thread?.postMessage({ type, id: 0, ...request });
    },
    async close() {
      isClosed = true;
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
      rejectAll(new Error("the server is stopping"));
    },
  };
}
