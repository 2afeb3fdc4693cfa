import { setMaxListeners } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { ExecutionArgs } from "graphql";
import { GraphQLError } from "graphql";
import { CloseCode, handleProtocols, makeServer } from "graphql-ws";
import { type WebSocket, WebSocketServer } from "ws";
import type { Logger } from "../logger.js";
import { createWrittenAnswers, type WrittenAnswers } from "./answer-text.js";
import { createOutbox, cutOffBytes, type Outbox } from "./backpressure.js";
import type { ErrorFormatter } from "./error-format.js";
import type { Executor, Operation, RequestInfo } from "./execute.js";

/** What the WebSocket transport is built from. */
export interface WebSocketOptions {
  executor: Executor;
  format: ErrorFormatter;
  /** Whether the `authorization` of the connection parameters opens this server. */
  isAuthorized(authorization: unknown): boolean;
  logger: Logger;
  limits?: Partial<Record<keyof typeof webSocketLimits, number>>;
}

/** Bounds of one connection. */
export const webSocketLimits = {
  /** Of one message from a client, in bytes. Rows in bulk go over HTTP, which takes 16 MiB. */
  maxPayload: 1024 * 1024,
  /** Between two pings, in milliseconds; a client that answers none of one interval is gone. */
  keepAlive: 12_000,
  /** For the client to send its key after the socket is open, in milliseconds. */
  initTimeout: 3_000,
  /** Operations that may be open at once on one connection. */
  maxOperations: 2_000,
} as const;

/** GraphQL over WebSocket (subprotocol `graphql-transport-ws`) on the upgrades of an HTTP server. */
export interface WebSocketTransport {
  /** Takes over an upgrade whose path, host and origin have been checked. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every connection with 1001, its subscriptions first; those still open after `graceMs` are cut. */
  close(graceMs: number): Promise<void>;
}

interface Connection {
  request: RequestInfo;
  outbox: Outbox;
  answers: WrittenAnswers;
}

/** Builds the transport. A wrong or missing key closes the socket with 4403. */
export function createWebSocketTransport(options: WebSocketOptions): WebSocketTransport {
  const { executor, format, isAuthorized, logger } = options;
  const limits = { ...webSocketLimits, ...options.limits };
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxPayload,
    perMessageDeflate: false,
    handleProtocols,
  });
  const run = (args: ExecutionArgs) => executor.run(args as Operation);
  const protocol = makeServer<Record<string, unknown>, Connection>({
    connectionInitWaitTimeout: limits.initTimeout,
    onConnect: ({ connectionParams }) =>
      isAuthorized(connectionParams?.authorization ?? connectionParams?.Authorization),
    onSubscribe: ({ subscriptions, extra }, _id, payload) => {
      if (Object.keys(subscriptions).length > limits.maxOperations) {
        const message = `This connection has ${limits.maxOperations} operations open, which is the limit.`;
        return [new GraphQLError(message, { extensions: { code: "LIMIT_EXCEEDED" } })];
      }
      return executor.prepare(payload, extra.request, extra.outbox);
    },
    execute: run,
    subscribe: run,
    onNext: ({ extra }, _id, _payload, _args, result) => extra.answers.present(result, format),
    onError: (_context, _id, _payload, errors) => errors.map(format),
  });

  sockets.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    const outbox = createOutbox();
    const answers = createWrittenAnswers();
    const gone = new AbortController();
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    // Every subscription of the connection may listen for its end.
    setMaxListeners(0, gone.signal);
    const stopPinging = pingRegularly(socket, limits.keepAlive);
    // Such as a message above the limit, which `ws` answers with 1009 by itself.
    socket.on("error", (err) => logger.debug({ err }, "A WebSocket failed"));
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        send: (data) => send(socket, answers.complete(data), outbox, ended),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (receive) => {
          socket.on("message", (data) => {
            receive(String(data)).catch((error: unknown) => {
              socket.close(CloseCode.InternalServerError, format(error).message.slice(0, 120));
            });
          });
        },
      },
      {
        outbox,
        answers,
        request: {
          transport: "websocket",
          headers: request.headers,
          remoteAddress: request.socket.remoteAddress,
          signal: gone.signal,
        },
      },
    );
    socket.once("close", (code, reason) => {
      stopPinging();
      gone.abort();
      outbox.close();
      closed(code, String(reason)).catch((err: unknown) => logger.error({ err }, "A subscription did not end cleanly"));
    });
  });

  return {
    upgrade(request, socket, head) {
      sockets.handleUpgrade(request, socket, head, (client) => sockets.emit("connection", client, request));
    },
    async close(graceMs) {
      const open = [...sockets.clients];
      const ended = open.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
      for (const socket of open) socket.close(1001, "Going away");
      const cut = setTimeout(() => {
        for (const socket of open) socket.terminate();
      }, graceMs);
      await Promise.all(ended);
      clearTimeout(cut);
      sockets.close();
    },
  };
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
    socket.send(data, (error) => {
      outbox.sent(bytes);
      resolve(error ? ended : undefined);
    });
  });
}

function pingRegularly(socket: WebSocket, intervalMs: number): () => void {
  let heard = true;
  const hear = () => {
    heard = true;
  };
  socket.on("pong", hear);
  socket.on("message", hear);
  const timer = setInterval(() => {
    if (!heard) return socket.terminate();
    heard = false;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, intervalMs);
  return () => clearInterval(timer);
}
