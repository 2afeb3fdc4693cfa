import { Worker } from "node:worker_threads";
import { errorFromThread, PlatformError, type ThreadError } from "../errors.js";
import { dropped, guarded, unawaited } from "../guarded.js";
import { FairQueue } from "./fair-queue.js";

/** What a thread answers to one call. */
export type ThreadAnswer<Result> = { id: number; result: Result } | { id: number; error: ThreadError };

/** The request for which something is called. */
export interface Caller {
  /** Calls of one request share its turns. */
  request: object;
  /** Aborted when nobody waits for the answer any more: calls that have not started are then dropped. */
  signal?: AbortSignal;
}

/** Bounds of the calls to one thread. */
export interface CallLimits {
  /** Calls that may wait. Beyond that, the newest call of the request that has the most is refused: LIMIT_EXCEEDED. */
  waiting: number;
  /** Seconds that a call may wait to be started, before it is refused: DEADLINE_EXCEEDED. */
  waitSeconds: number;
  /** Seconds that a call may compute. Beyond that it is refused (DEADLINE_EXCEEDED), and its thread is started anew. */
  runSeconds: number;
  /** Calls that are sent to the thread at once, so that it need not wait for the next one; it works them off in order. */
  ahead: number;
}

/** A worker thread that is started when it is first needed, and anew when it has died. */
export interface ThreadCalls<Message, Result> {
  /** Sends what needs no answer, before every call that has not been sent yet. */
  post(message: Message): void;
  /** As `post`, but does nothing where no thread runs. */
  postIfRunning(message: Message): void;
  /**
   * Sends a message when it is its turn, and answers what the thread answers. Requests take turns, call by call. Calls
   * that a thread had not answered when it ended are sent to the next one, except for the call that it was computing.
   *
   * @throws PlatformError LIMIT_EXCEEDED or DEADLINE_EXCEEDED (see `CallLimits`), or the thread's own; any other error
   *   when the thread fails unexpectedly or ends while it computes the call.
   */
  call(caller: Caller, message: (id: number) => Message): Promise<Result>;
  close(): Promise<void>;
}

interface Call<Message, Result> {
  id: number;
  owner: object;
  message: Message;
  /** Of its wait while it waits, of its computation while it is the first of those sent. */
  timer?: NodeJS.Timeout;
  /** Answers the caller, once. */
  settle(outcome: { result: Result } | { error: unknown }): void;
}

/**
 * @param options.url the thread's program; it answers each call by `answerTo`.
 * @param options.what what is called, for messages: "plans".
 * @param options.onEnd is told when the thread has ended: what it was sent by `post` is lost.
 */
export function createThreadCalls<Message, Result>(options: {
  url: URL;
  what: string;
  limits: CallLimits;
  onEnd?: () => void;
}): ThreadCalls<Message, Result> {
  const { url, what, limits, onEnd = () => {} } = options;
  const waiting = new FairQueue<object, Call<Message, Result>>();
  /** What the thread has been sent and has not answered, in order: it computes the first. */
  const sent: Call<Message, Result>[] = [];
  let thread: Worker | undefined;
  let nextId = 1;
  let closed = false;

  function start(): Worker {
    const worker = new Worker(url);
    // What serves never keeps a finished process alive.
    worker.unref();
    const receive = guarded((answer: ThreadAnswer<Result>) => {
      const index = sent.findIndex(({ id }) => id === answer.id);
      if (thread !== worker || index < 0) return;
      const [call] = sent.splice(index, 1);
      call?.settle("result" in answer ? answer : { error: errorFromThread(answer.error) });
      advance();
    }, failSent);
    const ended = guarded((error: unknown) => {
      end(worker, error instanceof Error ? error : new Error("the thread has ended"));
    }, failSent);
    worker.on("message", receive);
    worker.on("error", ended);
    worker.on("exit", ended);
    return worker;
  }

  /** Whoever waits for an answer must not wait for ever. */
  function failSent(error: unknown): void {
    for (const call of sent.splice(0)) call.settle({ error });
  }

  /** The call that was computed has most likely ended the thread: it is not sent again, the others are. */
  function end(worker: Worker, error: Error): void {
    if (thread !== worker) return;
    thread = undefined;
    onEnd();
    const [first, ...others] = sent.splice(0);
    for (const call of others.reverse()) waiting.putBack(call.owner, call);
    first?.settle({ error });
    advance();
  }

  /** Sends what may be sent, and gives the call that is computed now its time. */
  function advance(): void {
    if (closed) return;
    while (sent.length < limits.ahead) {
      const call = waiting.shift();
      if (!call) break;
      clearTimeout(call.timer);
      call.timer = undefined;
      try {
        thread ??= start();
        thread.postMessage(call.message);
        sent.push(call);
      } catch (error) {
        call.settle({ error: error as Error });
      }
    }
    const [first] = sent;
    if (!first || first.timer) return;
    first.timer = after(limits.runSeconds, () => {
      const hung = thread;
      if (hung) end(hung, late(`took longer than ${limits.runSeconds} s to compute`));
      if (hung) unawaited(hung.terminate(), dropped);
    });
  }

  const late = (fault: string) => new PlatformError("DEADLINE_EXCEEDED", `The request ${fault} and was abandoned.`);

  function enqueue(call: Call<Message, Result>): void {
    waiting.push(call.owner, call);
    if (waiting.size <= limits.waiting) return;
    const longest = waiting.longest ?? call.owner;
    const owner = waiting.lengthOf(longest) > waiting.lengthOf(call.owner) ? longest : call.owner;
    const message = `The server already has ${limits.waiting} ${what} waiting, which is the limit; try again later.`;
    waiting.pop(owner)?.settle({ error: new PlatformError("LIMIT_EXCEEDED", message) });
  }

  return {
    post(message) {
      thread ??= start();
      thread.postMessage(message);
    },
    postIfRunning(message) {
      thread?.postMessage(message);
    },
    call({ request: owner, signal }, message) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(stopping());
        if (signal?.aborted) return reject(gone());
        const id = nextId++;
        const leave = guarded(() => {
          if (waiting.remove(owner, call)) call.settle({ error: gone() });
        }, reject);
        const call: Call<Message, Result> = {
          ...{ id, owner, message: message(id) },
          settle(outcome) {
            clearTimeout(call.timer);
            signal?.removeEventListener("abort", leave);
            if ("result" in outcome) resolve(outcome.result);
            else reject(outcome.error);
          },
        };
        signal?.addEventListener("abort", leave);
        call.timer = after(limits.waitSeconds, () => {
          if (waiting.remove(owner, call))
            call.settle({ error: late(`waited longer than ${limits.waitSeconds} s behind other ${what}`) });
        });
        enqueue(call);
        advance();
      });
    },
    async close() {
      closed = true;
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
      for (const call of sent.splice(0)) call.settle({ error: stopping() });
      for (let call = waiting.shift(); call; call = waiting.shift()) call.settle({ error: stopping() });
    },
  };
}

const stopping = () => new Error("the server is stopping");
const gone = () => new PlatformError("DEADLINE_EXCEEDED", "The client went away before its request was answered.");

function after(seconds: number, act: () => void): NodeJS.Timeout {
  return setTimeout(guarded(act, dropped), seconds * 1_000).unref();
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
