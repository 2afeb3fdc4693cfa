import { createClient, MessageType } from "graphql-ws";
import { WebSocket } from "ws";
import { type AnsweredError, answered, ClientError, closed, lost } from "./client-error.js";

/** How long a server may take to accept the key, between two pings, and to answer one; in milliseconds. */
const patience = { accept: 10_000, ping: 10_000, pong: 5_000 };

/** One subscription over one WebSocket, opened by the first `next()`. */
export function subscribe<Data>(options: {
  url: string;
  authorization: string;
  document: string;
  variables: Record<string, unknown>;
  signal: AbortSignal;
}): AsyncIterable<Data> {
  return { [Symbol.asyncIterator]: () => open<Data>(options) };
}

function open<Data>(options: Parameters<typeof subscribe>[0]): AsyncIterator<Data> {
  const { signal } = options;
  if (signal.aborted) return { next: () => Promise.reject(closed()) };
  let ended = false;
  let failure: ClientError | undefined;
  let unanswered: NodeJS.Timeout | undefined;

  const socket = createClient({
    url: options.url,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: options.authorization },
    connectionAckWaitTimeout: patience.accept,
    keepAlive: patience.ping,
    // Opening it again, from the beginning, would repeat what the caller has seen: that is for `follow` to do.
    retryAttempts: 0,
    on: {
      message: ({ type }) => {
        if (type === MessageType.Complete || type === MessageType.Error) ended = true;
      },
      ping: (received) => {
        if (!received) unanswered = setTimeout(() => socket.terminate(), patience.pong);
      },
      pong: (received) => {
        if (received) clearTimeout(unanswered);
      },
      // On a close that looks normal (1000) graphql-ws reconnects by itself, whatever `retryAttempts` says.
      closed: (event) => {
        clearTimeout(unanswered);
        if (!ended) fail(broken(event));
      },
    },
  });
  const results = socket.iterate<Data>({ query: options.document, variables: options.variables });
  const fail = (error: ClientError) => {
    failure ??= error;
    end();
  };
  const end = () => {
    ended = true;
    signal.removeEventListener("abort", abort);
    void results.return?.();
  };
  const abort = () => fail(closed());
  signal.addEventListener("abort", abort);

  return {
    async next() {
      try {
        const { done, value } = await results.next();
        if (done && failure) throw failure;
        if (done) {
          end();
          return { done, value: undefined };
        }
        if (value.errors?.length) throw answered(value.errors as AnsweredError[]);
        return { done: false, value: value.data as Data };
      } catch (error) {
        end();
        throw error instanceof ClientError ? error : (failure ?? broken(error));
      }
    },
    async return() {
      end();
      return { done: true, value: undefined };
    },
  };
}

/** What went wrong with a socket: the errors of the API, a close event, or an error event of `ws`. */
function broken(reason: unknown): ClientError {
  if (Array.isArray(reason)) return answered(reason as AnsweredError[]);
  const event = reason as { code?: unknown; reason?: string; message?: string };
  const text = event.reason || event.message || `the socket was closed with ${event.code}`;
  if (event.code === 4401 || event.code === 4403) {
    return new ClientError("UNAUTHENTICATED", "The server did not accept the key.", [], { cause: reason });
  }
  // 4499 is graphql-ws's own, for a peer that answers no ping.
  const isProtocolFault = typeof event.code === "number" && event.code >= 4400 && event.code !== 4499;
  const isRefusedUpgrade = /Unexpected server response: 4\d\d/.test(text);
  if (isProtocolFault || isRefusedUpgrade) return new ClientError("BAD_RESPONSE", text, [], { cause: reason });
  return lost(text, reason);
}
