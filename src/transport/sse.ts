import { randomUUID } from "node:crypto";
import { setMaxListeners } from "node:events";
import type { Request, RequestHandler, Response } from "express";
import { type ExecutionResult, GraphQLError } from "graphql";
import { createHandler, TOKEN_HEADER_KEY, TOKEN_QUERY_KEY } from "graphql-sse";
import { dropped, guarded, logged, unawaited } from "../guarded.js";
import type { Logger } from "../logger.js";
import { createWrittenAnswers, type WrittenAnswers } from "./answer-text.js";
import { actorOf } from "./authenticate.js";
import { createOutbox, type Outbox } from "./backpressure.js";
import { type ErrorFormatter, errorBody } from "./error-format.js";
import type { Executor, Operation } from "./execute.js";
import { countOperations, maxOpenOperations, type OpenOperations } from "./open-operations.js";

/** GraphQL over Server-Sent Events: mount `handle` on `/graphql/stream`, behind the key check and the JSON parser. */
export interface EventStreamTransport {
  handle: RequestHandler;
  /** Ends every stream without its `complete` event, so that clients reconnect. Clients that do not read are disconnected. */
  close(): void;
}

/** Bounds of the transport. */
export const eventStreamLimits = {
  /** Events of one stream that may wait for its client before its subscriptions stop producing. */
  waitingEvents: 2,
  /** Results of one stream that may wait for its client before its next query or mutation is run. */
  waitingResults: 100,
  /** How long a client may leave one event unread before it is cut off, in milliseconds. */
  writeTimeout: 60_000,
  /** How long a stream may stay reserved (single connection mode) before the client connects to it. */
  reservationTimeout: 30_000,
  /** Streams that may be reserved or open at once in single connection mode. */
  maxStreams: 2_000,
  /** Streams that may be open at once in both modes. */
  maxOpen: 10_000,
  /** Operations that may be open at once on one stream. */
  maxOperations: maxOpenOperations,
} as const;

/** The stream that carries the results of an operation; in single connection mode it belongs to another request. */
interface Stream {
  outbox: Outbox;
  /** Counts the same as `outbox` and lets more wait: a client may send some queries before it opens its stream. */
  results: Outbox;
  operations: OpenOperations;
  answers: WrittenAnswers;
  gone: AbortController;
  /** Ends the reservation of a stream that nobody has opened. */
  expiry?: NodeJS.Timeout;
  /** Of a stream that is open. */
  body?: AsyncGenerator<string, void, undefined>;
}

interface StreamContext {
  token: string;
  stream: Stream;
}

/**
 * Builds the transport: distinct connections (a request for each operation) and the single connection mode of the
 * GraphQL over SSE protocol. Errors of every kind arrive as results in the stream.
 */
export function createEventStreamTransport(
  executor: Executor,
  format: ErrorFormatter,
  logger: Logger,
): EventStreamTransport {
  /** What is being sent, and on what. */
  const bodies = new Map<AsyncGenerator<string, void, undefined>, Response>();
  /** Streams of single connection mode, by token. */
  const streams = new Map<string, Stream>();

  const respond = createHandler<Request | undefined, StreamContext>({
    authenticate: ({ context }) => context.token,
    onSubscribe: async ({ raw, method, context }, params) => {
      const { outbox, operations, gone } = context.stream;
      const request = {
        transport: "sse" as const,
        actor: actorOf(raw as Request),
        headers: raw?.headers ?? {},
        remoteAddress: raw?.socket.remoteAddress,
        signal: gone.signal,
      };
      const operation = executor.prepare(params, request, outbox);
      if (!("type" in operation)) return { data: undefined, errors: operation };
      if (operation.type === "mutation" && method === "GET") {
        const error = new GraphQLError("A mutation needs POST.", { extensions: { code: "BAD_REQUEST" } });
        return { data: undefined, errors: [error] };
      }
      const refused = operations.admit(operation);
      if (refused) return { data: undefined, errors: refused };
      try {
        const result = await operations.run(operation);
        return Symbol.asyncIterator in result ? faultAsLastResult(result) : { data: undefined, ...result };
      } catch (error) {
        // The library would keep the operation's id for ever if this failed.
        return { data: undefined, errors: [asGraphQLError(error)] };
      }
    },
    onNext: (_context, { context }, result) => {
      for (const outbox of [context.stream.outbox, context.stream.results]) outbox.add(1);
      // The library writes what it is given as JSON: formatted errors are what GraphQLError would become anyway.
      return context.stream.answers.present(result as ExecutionResult, format) as
        | ExecutionResult
        | Promise<ExecutionResult>;
    },
  });

  function reserve(token: string, stream: Stream): void {
    streams.set(token, stream);
    const expire = guarded(
      () => {
        streams.delete(token);
        // The library forgets a reservation only when its stream ends, so it is opened and ended.
        const accept = { get: (name: string) => (name === "accept" ? "text/event-stream" : undefined) };
        const opening = {
          method: "GET",
          url: "/",
          headers: accept,
          body: null,
          raw: undefined,
          context: { token, stream },
        };
        return respond(opening).then(([body]) => (typeof body === "object" ? body?.return() : undefined));
      },
      logged(logger, "The reservation of an event stream could not be ended"),
    );
    stream.expiry = setTimeout(expire, eventStreamLimits.reservationTimeout);
    stream.expiry.unref();
  }

  const endBody = (body: AsyncGenerator<string, void, undefined>) =>
    unawaited(body.return(), logged(logger, "An event stream did not end cleanly"));

  function openStream(): Stream {
    const gone = new AbortController();
    setMaxListeners(0, gone.signal);
    const outbox = createOutbox(eventStreamLimits.waitingEvents);
    const results = createOutbox(eventStreamLimits.waitingResults);
    const run = async (operation: Operation) => {
      // The executor paces subscriptions.
      if (operation.type !== "subscription") await results.ready();
      return executor.run(operation);
    };
    const operations = countOperations(run, logger, eventStreamLimits.maxOperations);
    return { outbox, results, operations, answers: createWrittenAnswers(), gone };
  }

  async function handle(request: Request, response: Response): Promise<void> {
    const query = new URLSearchParams(request.originalUrl.split("?", 2)[1]);
    const fault = operationIdFault(request, query);
    if (fault) {
      response.status(400).json(errorBody("BAD_REQUEST", fault));
      return;
    }
    const token = streamToken(request, query);
    if (request.method === "PUT") {
      // A client that comes back under its old token may be faster than the news that its last connection is gone.
      await streams.get(token)?.body?.return();
    }
    const stream = (request.method !== "PUT" && streams.get(token)) || openStream();
    const isFull =
      request.method === "PUT"
        ? streams.size >= eventStreamLimits.maxStreams
        : header(request, "accept") === "text/event-stream" && bodies.size >= eventStreamLimits.maxOpen;
    if (isFull) {
      response.status(503).json(errorBody("LIMIT_EXCEEDED", "Too many event streams are open."));
      return;
    }
    const [body, init] = await respond({
      method: request.method,
      url: `/?${query}`,
      headers: { get: (name) => header(request, name) },
      body: request.body ?? null,
      raw: request,
      context: { token, stream },
    });
    if (init.status === 201) reserve(token, stream);
    if (body === null || typeof body === "string") {
      if (init.status >= 400)
        response.status(init.status).json(errorBody("BAD_REQUEST", refusal(body, init.statusText)));
      else response.writeHead(init.status, init.statusText, init.headers).end(body?.slice(tokenPrefix.length));
      return;
    }
    clearTimeout(stream.expiry);
    bodies.set(body, response);
    stream.body = body;
    const end = guarded(
      () => {
        stream.gone.abort();
        for (const outbox of [stream.outbox, stream.results]) outbox.close();
        endBody(body);
      },
      logged(logger, "An event stream did not end cleanly"),
    );
    response.once("close", end);
    try {
      response.writeHead(init.status, init.statusText, { ...init.headers, "X-Accel-Buffering": "no" });
      for await (const event of body) {
        if (!(await write(response, stream.answers.complete(event)))) break;
        if (event.startsWith("event: next")) for (const outbox of [stream.outbox, stream.results]) outbox.sent(1);
      }
    } finally {
      bodies.delete(body);
      if (streams.get(token) === stream) streams.delete(token);
      response.end();
    }
  }

  return {
    handle,
    close() {
      for (const stream of streams.values()) clearTimeout(stream.expiry);
      for (const [body, response] of bodies) {
        endBody(body);
        // A client that does not read would keep its connection open until it is cut.
        if (response.writableLength > 0) response.destroy();
      }
    },
  };
}

/** The library keeps streams in a plain object: with a prefix, no token is the name of what every object has. */
const tokenPrefix = "token:";

/** The client's token in single connection mode; a fresh one, which names no stream, otherwise. */
function streamToken(request: Request, query: URLSearchParams): string {
  return tokenPrefix + (request.get(TOKEN_HEADER_KEY) || query.get(TOKEN_QUERY_KEY) || randomUUID());
}

/** What is wrong with the id that a client gave an operation. The library keeps operations, too, in a plain object. */
function operationIdFault(request: Request, query: URLSearchParams): string | undefined {
  const inBody = (request.body as { extensions?: { operationId?: unknown } | null } | undefined)?.extensions
    ?.operationId;
  if (inBody !== undefined && inBody !== null && typeof inBody !== "string" && typeof inBody !== "number")
    return "extensions.operationId must be a string.";
  const id = inBody ?? query.get("operationId");
  return id !== null && String(id) in {}
    ? `operationId must not be ${id}, which is a name that JavaScript uses.`
    : undefined;
}

/** The library compares `Accept` as a whole: lists are reduced to the one of their types that it knows. */
function header(request: Request, name: string): string | undefined {
  const value = request.get(name);
  if (name !== "accept" || value === undefined) return value;
  return ["text/event-stream", "application/json", "text/plain", "*/*"].find((type) => value.includes(type)) ?? value;
}

function refusal(body: string | null, statusText: string): string {
  if (body === null) return statusText;
  const { errors } = JSON.parse(body) as { errors?: { message?: string }[] };
  return errors?.[0]?.message ?? statusText;
}

/** Resolves with false once the client is gone, or cut off because it has stopped reading. */
function write(response: Response, event: string): Promise<boolean> {
  return new Promise((resolve) => {
    if (!response.writable) return resolve(false);
    const settle = (written: boolean) => {
      clearTimeout(cutOff);
      response.off("close", gone);
      resolve(written);
    };
    const gone = guarded(() => settle(false), dropped);
    const cutOff = setTimeout(() => response.destroy(), eventStreamLimits.writeTimeout);
    // Node drops what is written to a socket that has ended while this is not yet known here, and never calls back.
    response.once("close", gone);
    const written = guarded((error: Error | null | undefined) => settle(!error), gone);
    response.write(event, written);
  });
}

function asGraphQLError(error: unknown): GraphQLError {
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}

/** Server-Sent Events have no message for a stream that broke: the fault becomes its last result. */
function faultAsLastResult(
  results: AsyncGenerator<ExecutionResult, void, void>,
): AsyncGenerator<ExecutionResult, void, void> {
  let broken = false;
  return {
    ...results,
    async next() {
      if (broken) return { done: true, value: undefined };
      try {
        return await results.next();
      } catch (error) {
        broken = true;
        return { done: false, value: { errors: [asGraphQLError(error)] } };
      }
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
