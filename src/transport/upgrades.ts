import { type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { guarded } from "../guarded.js";
import type { Logger } from "../logger.js";
import type { createAccessCheck } from "./access.js";
import { errorBody, type TransportErrorCode } from "./error-format.js";
import type { WebSocketTransport } from "./websocket.js";

/** How long a refused client may take to read the answer and to close its side, in milliseconds. */
export const refusalMs = 1_000;

/** Serves the upgrades of an HTTP server: WebSockets at `/graphql`, and a refusal for everything else. */
export function serveUpgrades(
  server: Server,
  options: {
    foreignHeader: ReturnType<typeof createAccessCheck>;
    sockets: WebSocketTransport;
    isClosing: () => boolean;
    logger: Logger;
  },
): void {
  const { foreignHeader, sockets, isClosing, logger } = options;

  function refusalOf(
    request: IncomingMessage,
  ): [status: number, code: TransportErrorCode, message: string] | undefined {
    const foreign = foreignHeader(request);
    if (foreign) return [403, "FORBIDDEN", `The ${foreign} header is not one of this server's.`];
    if (isClosing()) return [503, "BAD_REQUEST", "The server is shutting down."];
    return pathOf(request) === "/graphql" ? undefined : [404, "NOT_FOUND", "WebSockets are served at /graphql."];
  }

  const accept = guarded(
    (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      // From here on nobody else listens to errors of the socket, such as a client that is gone.
      socket.on("error", () => socket.destroy());
      const refusal = refusalOf(request);
      if (refusal) refuse(socket, ...refusal);
      else sockets.upgrade(request, socket, head);
    },
    (err, _request, socket) => {
      logger.error({ err }, "An upgrade request failed on an unexpected error");
      socket.destroy();
    },
  );
  server.on("upgrade", accept);
}

/** The path of a request's target, which may be any text, or a whole URL in a request to a proxy. */
function pathOf({ url = "/" }: IncomingMessage): string {
  const path = /^(?:https?:\/\/[^/?#]*)?([^?#]*)/i.exec(url)?.[1];
  return path || "/";
}

/** Answers, and destroys the socket soon after, whether or not the client reads the answer and closes its side. */
function refuse(socket: Duplex, status: number, code: TransportErrorCode, message: string): void {
  const body = JSON.stringify(errorBody(code, message));
  const cut = setTimeout(() => socket.destroy(), refusalMs);
  cut.unref();
  socket.once("close", () => clearTimeout(cut));
  // What the client still sends is read and dropped: else the system would reset the connection before it reads the answer.
  socket.resume();
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
