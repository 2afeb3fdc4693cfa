import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { KeyCheck } from "../auth/key-check.js";
import type { Actor } from "../entities/actor.js";
import { dropped, guarded, logged } from "../guarded.js";
import { markInexactIntegers } from "../language/fields/exact-integers.js";
import type { Logger } from "../logger.js";
import { createWrittenAnswers, type WrittenAnswers } from "./answer-text.js";
import { authenticate } from "./authenticate.js";
import { createOutbox, cutOffBytes, type Outbox } from "./backpressure.js";
import type { ErrorFormatter } from "./error-format.js";
import type { Executor, Operation, RequestInfo } from "./execute.js";
import { countOperations, maxOpenOperations, type OpenOperations } from "./open-operations.js";

/** What the WebSocket transport is built from. */
export interface WebSocketOptions {
  executor: Executor;
  format: ErrorFormatter;
  keys: KeyCheck;
  logger: Logger;
  limits?: Partial<Record<keyof typeof webSocketLimits, number>>;
}

/** Bounds of one connection. */
export const webSocketLimits = {
  /** Of one message from a client, in bytes. Rows in bulk go over HTTP, which takes larger bodies. */
  maxPayload: 1024 * 1024,
  /** Between two pings, in milliseconds; a client that answers none of one interval is gone. */
  keepAlive: 12_000,
  /** For the client to send its key after the socket is open, in milliseconds. */
  initTimeout: 3_000,
  /** For the client to answer the closing of the connection, in milliseconds; then its socket is destroyed. */
  closeTimeout: 2_000,
  /** Operations that may be open at once on one connection. */
  maxOperations: maxOpenOperations,
} as const;

/** GraphQL over WebSocket (subprotocol `graphql-transport-ws`) on the upgrades of an HTTP server. */
export interface WebSocketTransport {
  /** Takes over an upgrade whose path, host and origin have been checked. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every connection with 1001, its subscriptions first; those still open after `graceMs` are cut. */
  close(graceMs: number): Promise<void>;
}

interface Connection {
  request: Omit<RequestInfo, "actor">;
  /** Undefined until the key has been checked. */
  actor?: Actor;
  outbox: Outbox;
  operations: OpenOperations;
  /** Closes the socket with 4403. */
  forbid(reason: string): void;
  answers: WrittenAnswers;
}

/** Builds the transport. A wrong or missing key closes the socket with 4403. */
export function createWebSocketTransport(options: WebSocketOptions): WebSocketTransport {
  const { executor, format, keys, logger } = options;
  const limits = { ...webSocketLimits, ...options.limits };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxPayload,
    perMessageDeflate: false,
    closeTimeout: limits.closeTimeout,
    handleProtocols,
  } as ServerOptions);
  const operationsOf = new WeakMap<object, OpenOperations>();
  const run = (args: ExecutionArgs) => (operationsOf.get(args) as OpenOperations).run(args as Operation);
  const protocol = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: limits.initTimeout,
    onConnect: ({ connectionParams, extra }) => {
      const authorization = connectionParams?.authorization ?? connectionParams?.Authorization;
      const authenticated = authenticate(keys, authorization, extra.request.remoteAddress);
      const { refusal } = authenticated;
      if (refusal?.retryAfter) extra.forbid(`Too many wrong keys; try again in ${refusal.retryAfter} s.`);
      if (!authenticated.refusal) extra.actor = authenticated.actor;
      return refusal === undefined;
    },
    onSubscribe: ({ extra: { request, actor, outbox, operations } }, _id, payload) => {
      // The protocol takes operations only after the connection was acknowledged.
      if (!actor) throw new Error("the connection was not authenticated");
      const operation = executor.prepare(payload, { ...request, actor }, outbox);
      if (!("type" in operation)) return operation;
      operationsOf.set(operation, operations);
      return operations.admit(operation) ?? operation;
    },
    execute: run,
    subscribe: run,
    onNext: ({ extra }, _id, _payload, _args, result) => extra.answers.present(result, format),
    onError: (_context, _id, _payload, errors) => errors.map(format),
  });

  function open(socket: WebSocket, request: IncomingMessage): void {
    const outbox = createOutbox();
    const answers = createWrittenAnswers();
    const gone = new AbortController();
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const fail = (error: unknown) => close(socket, CloseCode.InternalServerError, format(error).message);
    // Every subscription of the connection may listen for its end.
    setMaxListeners(0, gone.signal);
    const stopPinging = pingRegularly(socket, limits.keepAlive);
    // Such as a message above the limit, which `ws` answers with 1009 by itself.
    socket.on(
      "error",
      guarded((err: Error) => logger.debug({ err }, "A WebSocket failed"), dropped),
    );
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, answers.complete(data), outbox, ended),
        close: (code, reason) => close(socket, code, reason),
        onMessage: (receive) => {
          socket.on(
            "message",
            guarded((data: RawData) => receive(markInexactIntegers(String(data))), fail),
          );
        },
      },
      {
        outbox,
        operations: countOperations(executor.run, logger, limits.maxOperations),
        forbid: (reason) => close(socket, CloseCode.Forbidden, reason),
        answers,
        request: {
          transport: "websocket",
          headers: request.headers,
          remoteAddress: request.socket.remoteAddress,
          signal: gone.signal,
        },
      },
    );
    const end = guarded(
      (code: number, reason: Buffer) => {
        stopPinging();
        gone.abort();
        outbox.close();
        return closed(code, String(reason));
      },
      logged(logger, "A subscription did not end cleanly"),
    );
    socket.once("close", end);
  }

  return {
    upgrade(request, socket, head) {
      const opened = guarded(open, (err, client) => {
        logger.error({ err }, "A WebSocket could not be opened");
        client.terminate();
      });
      sockets.handleUpgrade(request, socket, head, opened);
    },
    async close(graceMs) {
      const open = [...sockets.clients];
      const ended = open.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
      for (const socket of open) socket.close(1001, "Going away");
      const cutAll = guarded(
        () => {
          for (const socket of open) socket.terminate();
        },
        logged(logger, "A WebSocket could not be cut"),
      );
      const cut = setTimeout(cutAll, graceMs);
      await Promise.all(ended);
      clearTimeout(cut);
      sockets.close();
    },
  };
}

/** A reason takes at most 123 bytes (RFC 6455, 5.5.1); a longer one would be an error. */
function close(socket: WebSocket, code = 1000, reason = ""): void {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  socket.close(code, text);
}

/**
 * Resolves when the message has left the process: that is what paces a subscription to its client. On a socket that is
 * closing it resolves with `ended`, for a subscription that went on at once would keep the `close` event from coming.
 */
function send(socket: WebSocket, data: string, outbox: Outbox, ended: Promise<void>): Promise<void> {
  if (socket.readyState !== socket.OPEN) return ended;
  const bytes = Buffer.byteLength(data);
  outbox.add(bytes);
  // The answers to queries and pings do not wait for the outbox; a client that reads none of them is cut off.
  if (outbox.waiting > cutOffBytes + bytes) socket.terminate();
  return new Promise((resolve) => {
    const sent = guarded(
      (error?: Error) => {
        outbox.sent(bytes);
        resolve(error ? ended : undefined);
      },
      () => socket.terminate(),
    );
    socket.send(data, sent);
  });
}

function pingRegularly(socket: WebSocket, intervalMs: number): () => void {
  let heard = true;
  const hear = guarded(() => {
    heard = true;
  }, dropped);
  socket.on("pong", hear);
  socket.on("message", hear);
  const ping = guarded(
    () => {
      if (!heard) return socket.terminate();
      heard = false;
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    () => socket.terminate(),
  );
  const timer = setInterval(ping, intervalMs);
  return () => clearInterval(timer);
}
