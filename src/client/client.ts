import { type AnsweredError, answered, ClientError, closed, lost } from "./client-error.js";
import { follow } from "./follow.js";
import { subscribe } from "./subscribe.js";

export interface ClientOptions {
  /** Where the server is, such as `http://127.0.0.1:4000`. */
  url: string;
  /** The operator key. */
  key: string;
}

/** The values of an operation's `$variables`. */
export type Variables = Record<string, unknown>;

/**
 * A client of one server. `Data` is the shape of the answer's `data`; it is believed, not checked. Every method throws
 * `ClientError`, also where only part of an answer failed.
 */
export interface Client {
  /** Sends a query or mutation over HTTP, once: what to do after a lost connection only the caller can know. */
  request<Data>(document: string, variables?: Variables): Promise<Data>;
  /**
   * Opens a subscription, over a WebSocket of its own, when iteration begins. Ends when the server completes it, or when
   * the caller leaves the loop; throws when the connection is lost.
   */
  subscribe<Data>(document: string, variables?: Variables): AsyncIterable<Data>;
  /**
   * A subscription that outlives its connection: after a loss it is opened again with the variable `after` set to the
   * last cursor, for as long as it takes, so that each item is seen exactly once.
   *
   * @param document declares `$after: String`
   * @param cursorOf the cursor in an item; undefined where it has none
   */
  follow<Data>(
    document: string,
    variables: Variables,
    cursorOf: (item: Data) => string | undefined,
  ): AsyncIterable<Data>;
  /** Ends everything in flight with `CLOSED`. */
  close(): void;
}

export function createClient({ url, key }: ClientOptions): Client {
  const endpoint = new URL("/graphql", url);
  const socket = new URL(endpoint);
  socket.protocol = endpoint.protocol === "https:" ? "wss:" : "ws:";
  const connection = { url: socket.href, authorization: `Bearer ${key}` };
  const closing = new AbortController();
  const { signal } = closing;

  const client: Client = {
    async request<Data>(document: string, variables: Variables = {}) {
      if (signal.aborted) throw closed();
      try {
        const response = await fetch(endpoint, {
          method: "POST",
          headers: { "content-type": "application/json", authorization: connection.authorization },
          body: JSON.stringify({ query: document, variables }),
          signal,
        });
        return readAnswer<Data>(response.status, await response.text());
      } catch (error) {
        if (error instanceof ClientError) throw error;
        if (signal.aborted) throw closed();
        const { message, cause } = error as Error;
        throw lost((cause as Error | undefined)?.message || message, error);
      }
    },
    subscribe: <Data>(document: string, variables: Variables = {}) =>
      subscribe<Data>({ ...connection, document, variables, signal }),
    follow: (document, variables, cursorOf) =>
      follow({ cursorOf, signal, open: (after) => client.subscribe(document, { ...variables, after }) }),
    close: () => closing.abort(),
  };
  return client;
}

function readAnswer<Data>(status: number, text: string): Data {
  let answer: { data?: Data; errors?: AnsweredError[] } | null;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new ClientError("BAD_RESPONSE", `The server answered ${status} without JSON.`, [], { cause });
  }
  if (answer?.errors?.length) throw answered(answer.errors);
  if (!answer?.data) throw new ClientError("BAD_RESPONSE", `The server answered ${status} without data.`);
  return answer.data;
}
