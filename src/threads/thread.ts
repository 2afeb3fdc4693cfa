import { type TransferListItem, Worker } from "node:worker_threads";
import { dropped, guarded, unawaited } from "../guarded.js";
import type { FromThread, ToThread } from "./protocol.js";
import { fromThreadError } from "./thread-error.js";

/** How a thread is called and when it is given up. */
export interface ThreadOptions {
  /** The program of the thread; it calls `serveThread`. */
  url: URL;
  /** For messages; default: "the thread". */
  name?: string;
  /**
   * How long the thread may take for one call, the oldest without an answer. After that the thread is ended, and the call
   * is rejected with `error()`. Default: without a limit.
   */
  deadline?: { seconds: number; error: () => Error };
  /** Called when a thread has ended, before its calls are rejected: what it held in memory is lost. */
  onEnd?: (error: Error) => void;
}

/**
 * A worker thread that answers calls. It starts at the first call or post, and again at the next one after it has ended for
 * whatever reason. It never keeps the process alive.
 */
export interface Thread<Request, Result> {
  /** Starts the thread ahead of the first call. */
  start(): void;
  /**
   * Sends a request and answers the thread's answer.
   *
   * @param transfer what is handed over instead of copied.
   * @throws PlatformError as the thread throws it; any other error when the thread fails unexpectedly, ends before it has
   *   answered, or is closed.
   */
  call(request: Request, transfer?: readonly TransferListItem[]): Promise<Result>;
  /** Sends a request that gets no answer. */
  post(request: Request): void;
  /** `post`, unless no thread is running. */
  postIfRunning(request: Request): void;
  /** Ends the thread for good; calls without an answer are rejected. */
  close(): Promise<void>;
}

interface Pending<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export function createThread<Request, Result>(options: ThreadOptions): Thread<Request, Result> {
  const { url, name = "the thread", deadline, onEnd = () => {} } = options;
  /** Calls without an answer, by id, the oldest first. */
  const pending = new Map<number, Pending<Result>>();
  let running: Worker | undefined;
  let lastId = 0;
  let isClosed = false;
  /** Of the oldest call. */
  let timer: NodeJS.Timeout | undefined;
  let timedId: number | undefined;

  function started(): Worker {
    if (isClosed) throw closedError();
    running ??= startWorker();
    return running;
  }

  function startWorker(): Worker {
    const worker = new Worker(url);
    const receive = guarded((answer: FromThread<Result>) => {
      if (running === worker) settle(answer);
    }, rejectAll);
    const ended = guarded((cause: unknown) => {
      end(worker, cause instanceof Error ? cause : new Error(`${name} has ended with ${cause}`));
    }, rejectAll);
    worker.on("message", receive);
    worker.on("error", ended);
    worker.on("exit", ended);
    // After the listeners: one for messages keeps the process alive again.
    worker.unref();
    return worker;
  }

  function settle(answer: FromThread<Result>): void {
    const call = pending.get(answer.id);
    pending.delete(answer.id);
    watchOldest();
    if ("result" in answer) call?.resolve(answer.result);
    else call?.reject(fromThreadError(answer.error));
  }

  /** Starts the deadline of the oldest call, once. */
  function watchOldest(): void {
    const [oldest] = pending.keys();
    if (!deadline || oldest === timedId) return;
    clearTimeout(timer);
    timedId = oldest;
    if (oldest === undefined) return;
    const giveUp = guarded(() => {
      const worker = running;
      if (!worker) return;
      end(worker, deadline.error());
      unawaited(worker.terminate(), dropped);
    }, rejectAll);
    timer = setTimeout(giveUp, deadline.seconds * 1_000).unref();
  }

  /** An error is followed by the exit of the same thread: only the first of them counts. */
  function end(worker: Worker, error: Error): void {
    if (running !== worker) return;
    running = undefined;
    const lost = takePending();
    onEnd(error);
    for (const call of lost) call.reject(error);
  }

  /** Nobody may wait for an answer that cannot come any more. */
  function rejectAll(error: unknown): void {
    for (const call of takePending()) call.reject(error);
  }

  function takePending(): Pending<Result>[] {
    const taken = [...pending.values()];
    pending.clear();
    watchOldest();
    return taken;
  }

  const post = (request: Request) => started().postMessage({ request } satisfies ToThread<Request>);

  return {
    start() {
      started();
    },
    call(request, transfer = []) {
      return new Promise((resolve, reject) => {
        const worker = started();
        const id = ++lastId;
        worker.postMessage({ id, request } satisfies ToThread<Request>, transfer);
        pending.set(id, { resolve, reject });
        watchOldest();
      });
    },
    post,
    postIfRunning(request) {
      if (running) post(request);
    },
    async close() {
      isClosed = true;
      const ending = running;
      running = undefined;
      await ending?.terminate();
      rejectAll(closedError());
    },
  };
}

const closedError = () => new Error("the server is stopping");
