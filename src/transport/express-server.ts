import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import express, { type Express } from "express";
import { dropped, guarded } from "../guarded.js";

/**
 * An Express application, and a server that makes its requests and responses with the application's prototypes.
 *
 * Express sets the prototypes of every request and response that it handles, which does nothing where they are right
 * already. Where they are not, V8 makes new hidden classes for each response, and everything that belongs to the request
 * survives until the next full collection: young collections took 10 to 25 ms each instead of 1 to 2 ms, and were the tail
 * of the latency.
 *
 * @param options.unreadMs how long a client may read nothing of an answer that waits for it before it is cut off.
 * @returns a server that does not listen yet, and passes no requests to the application by itself.
 */
export function createExpressServer({ unreadMs, ...options }: ServerOptions & { unreadMs: number }): {
  app: Express;
  server: Server;
} {
  const app = express().disable("x-powered-by").set("etag", false).set("query parser", "simple");
  class AppRequest extends IncomingMessage {}
  class AppResponse extends ServerResponse<IncomingMessage> {
    constructor(...given: ConstructorParameters<typeof ServerResponse<IncomingMessage>>) {
      super(...given);
      this.on("timeout", cutOffUnread);
    }
  }
  Object.setPrototypeOf(AppRequest.prototype, app.request);
  Object.setPrototypeOf(AppResponse.prototype, app.response);
  app.request = AppRequest.prototype as typeof app.request;
  app.response = AppResponse.prototype as unknown as typeof app.response;
  const server = createServer({ ...options, IncomingMessage: AppRequest, ServerResponse: AppResponse });
  // Of silence on a connection in either direction. Node counts an answer that goes out slowly as none.
  server.timeout = unreadMs;
  return { app, server };
}

/** An answer that is still being computed is waited for; one that nobody reads takes memory for nobody. */
const cutOffUnread = guarded((socket: Socket) => {
  if (socket.writableLength > 0) socket.destroy();
}, dropped);
