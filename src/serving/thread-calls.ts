import { Worker } from "node:worker_threads";
import { type ErrorCode, errorCatalogue, PlatformError } from "../errors.js";
import { guarded } from "../guarded.js";

/** What a thread answers to one call. */
export type ThreadAnswer<Result> = { id: number; result: Result } | { id: number; error: ThreadError };

/** An error as it travels between threads, which keep no classes. */
export interface ThreadError {
  code: string;
  message: string;
}

/** A worker thread that is started when it is first needed, and anew when it has died. */
export interface ThreadCalls<Message, Result> {
  /** Sends what needs no answer. */
  post(message: Message): void;
  /** `post`, but for nothing where no thread runs. */
  postIfRunning(message: Message): void;
  /** @throws PlatformError of the thread's own; any other error when it fails unexpectedly or ends before it answers. */
  call(message: (id: number) => Message): Promise<Result>;
  close(): Promise<void>;
}

/** @param onEnd is told when the thread has died: what it had been sent is forgotten. */
export function createThreadCalls<Message, Result>(url: URL, onEnd = () => {}): ThreadCalls<Message, Result> {
  const pending = new Map<number, { resolve: (value: Result) => void; reject: (error: unknown) => void }>();
  let thread: Worker | undefined;
  let nextId = 1;

  function rejectAll(error: unknown): void {
    for (const waiting of pending.values()) waiting.reject(error);
    pending.clear();
  }

  function start(): Worker {
    const worker = new Worker(url);
    // What serves never keeps a finished process alive.
    worker.unref();
    const receive = guarded((answer: ThreadAnswer<Result>) => {
      const waiting = pending.get(answer.id);
      pending.delete(answer.id);
      if ("result" in answer) waiting?.resolve(answer.result);
      else waiting?.reject(asError(answer.error));
      // Whoever waits for other answers of the thread must not wait for ever.
    }, rejectAll);
    worker.on("message", receive);
    const end = guarded((error?: unknown) => {
      if (thread !== worker) return;
      thread = undefined;
      onEnd();
      rejectAll(error instanceof Error ? error : new Error("the thread has ended"));
    }, rejectAll);
    worker.on("error", end);
    worker.on("exit", end);
    return worker;
  }

  return {
    post(message) {
      thread ??= start();
      thread.postMessage(message);
    },
    postIfRunning(message) {
      thread?.postMessage(message);
    },
    call(message) {
      const id = nextId++;
      return new Promise((resolve, reject) => {
        pending.set(id, { resolve, reject });
        this.post(message(id));
      });
    },
    async close() {
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
      rejectAll(new Error("the server is stopping"));
    },
  };
}

function asError({ code, message }: ThreadError): Error {
  return code in errorCatalogue ? new PlatformError(code as ErrorCode, message) : new Error(message);
}

/** The thread's side of a call. */
export async function answerTo<Result>(
  id: number,
  compute: () => Result | Promise<Result>,
): Promise<ThreadAnswer<Result>> {
  try {
    return { id, result: await compute() };
  } catch (error) {
    const code = error instanceof PlatformError ? error.code : "INTERNAL";
    return { id, error: { code, message: (error as Error).message } };
  }
}
