import type { Caller } from "../db/caller.js";
import { PlatformError } from "../errors.js";
import { dropped, guarded, unawaited } from "../guarded.js";
import { createThread } from "../threads/thread.js";
import { FairQueue } from "./fair-queue.js";

/** Limits of the calls to one thread. */
export interface CallLimits {
  /** Calls that may wait. Beyond that, the newest call of the request that has the most is refused: LIMIT_EXCEEDED. */
  waiting: number;
  /** Seconds that a call may wait to be started, before it is refused: DEADLINE_EXCEEDED. */
  waitSeconds: number;
  /** Seconds that a call may compute. Beyond that it is refused (DEADLINE_EXCEEDED), and its thread is started again. */
  runSeconds: number;
  /** Calls that are sent to the thread at once, so that it need not wait for the next one; it handles them in order. */
  ahead: number;
}

/** A worker thread to which requests send calls in turns. It starts at the first call, and again after it has ended. */
export interface ThreadCalls<Message, Result> {
  /** Sends what needs no answer, before every call that has not been sent yet. */
  post(message: Message): void;
  /** `post`, unless no thread is running. */
  postIfRunning(message: Message): void;
  /**
   * Sends a message when it is its turn, and answers what the thread answers. Requests take turns, call by call. When a
   * thread ends, the call that it was computing fails; calls that it had not begun are sent to the next thread.
   *
   * @throws PlatformError LIMIT_EXCEEDED or DEADLINE_EXCEEDED (see `CallLimits`), or what the thread throws; any other
   *   error when the thread fails unexpectedly or ends while it computes the call.
   */
  call(caller: Caller, message: Message): Promise<Result>;
  close(): Promise<void>;
}

type Outcome<Result> = { result: Result } | { error: unknown };

/** A call that waits for its turn, or was sent to the thread. */
interface Call<Message, Result> {
  owner: object;
  message: Message;
  /** Of its wait. */
  timer?: NodeJS.Timeout;
  /** Answers the caller, once. */
  settle(outcome: Outcome<Result>): void;
}

/**
 * @param options.url the program of the thread; it calls `serveThread`.
 * @param options.what what is called, for messages: "plans".
 * @param options.onEnd called when the thread has ended: what it was sent by `post` is lost.
 */
export function createThreadCalls<Message, Result>(options: {
  url: URL;
  what: string;
  limits: CallLimits;
  onEnd?: () => void;
}): ThreadCalls<Message, Result> {
  const { url, what, limits, onEnd = () => {} } = options;
  const waiting = new FairQueue<object, Call<Message, Result>>();
  /** What the current thread was sent and has not answered, in order: it computes the first. */
  let sent: { call: Call<Message, Result> }[] = [];
  let closed = false;

  const thread = createThread<Message, Result>({
    url,
    deadline: { seconds: limits.runSeconds, error: () => late(`took longer than ${limits.runSeconds} s to compute`) },
    onEnd: (error) => {
      onEnd();
      // The call that was computed has most likely ended the thread: it is not sent again, the others are.
      const [first, ...others] = sent;
      sent = [];
      for (const { call } of others.reverse()) waiting.putBack(call.owner, call);
      first?.call.settle({ error });
      advance();
    },
  });

  /** Sends as many calls as may be sent. */
  function advance(): void {
    while (!closed && sent.length < limits.ahead) {
      const call = waiting.shift();
      if (!call) break;
      clearTimeout(call.timer);
      unawaited(send(call), (error) => call.settle({ error }));
    }
  }

  async function send(call: Call<Message, Result>): Promise<void> {
    const entry = { call };
    sent.push(entry);
    const outcome = await thread.call(call.message).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    const index = sent.indexOf(entry);
    // Its thread has ended: it has failed already, or was sent again.
    if (index < 0) return;
    sent.splice(index, 1);
    call.settle(outcome);
    advance();
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
    post: thread.post,
    postIfRunning: thread.postIfRunning,
    call({ request: owner, signal }, message) {
      return new Promise((resolve, reject) => {
        if (closed) return reject(stopping());
        if (signal?.aborted) return reject(gone());
        const leave = guarded(() => {
          if (waiting.remove(owner, call)) call.settle({ error: gone() });
        }, reject);
        const call: Call<Message, Result> = {
          ...{ owner, message },
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
      await thread.close();
      for (const { call } of sent.splice(0)) call.settle({ error: stopping() });
      for (let call = waiting.shift(); call; call = waiting.shift()) call.settle({ error: stopping() });
    },
  };
}

const stopping = () => new Error("the server is stopping");
const gone = () => new PlatformError("DEADLINE_EXCEEDED", "The client went away before its request was answered.");

function after(seconds: number, act: () => void): NodeJS.Timeout {
  return setTimeout(guarded(act, dropped), seconds * 1_000).unref();
}
