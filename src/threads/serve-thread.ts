import type { MessagePort, TransferListItem } from "node:worker_threads";
import { guarded } from "../guarded.js";
import type { FromThread, ToThread } from "./protocol.js";
import { toThreadError } from "./thread-error.js";

/** The answer to a request. */
export interface Answer<Result> {
  result: Result;
  /** What of it is handed over instead of copied. */
  transfer?: readonly TransferListItem[];
}

/**
 * The thread's side of `createThread`: handles each request and sends what the handler answers or throws. Requests are
 * handled in the order in which they come; while one waits for something, the next one begins.
 *
 * @param port `parentPort` of the thread.
 */
export function serveThread<Request, Result>(
  port: MessagePort | null,
  handle: (request: Request) => Answer<Result> | Promise<Answer<Result>>,
): void {
  if (!port) throw new Error("this program is started as a worker thread only");
  const receive = async ({ id, request }: ToThread<Request>) => {
    const { result, transfer = [] } = await handle(request);
    if (id !== undefined) port.postMessage({ id, result } satisfies FromThread<Result>, transfer);
  };
  const report = (error: unknown, { id }: ToThread<Request>) => {
    // A request that gets no answer has nobody to tell; later calls meet what it has left undone.
    if (id !== undefined) port.postMessage({ id, error: toThreadError(error) } satisfies FromThread<Result>);
  };
  const listener = guarded(receive, report);
  port.on("message", listener);
}
