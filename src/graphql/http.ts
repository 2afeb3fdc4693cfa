import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { expressMiddleware } from "@as-integrations/express5";
import express, { type ErrorRequestHandler, type RequestHandler, Router } from "express";
import type { GraphQLSchema } from "graphql";
import { parseBearer, verifyKey } from "../auth/operator-key.js";
import type { Logger } from "../logger.js";
import { answerCors, createAccessCheck } from "./access.js";
import { createApollo } from "./apollo.js";
import { artifactRoute, type OpenArtifact } from "./artifact-route.js";
import { directQueries } from "./direct-queries.js";
import { createErrorFormatter, type ErrorFormatter, errorBody } from "./error-format.js";
import { type ContextFactory, createExecutor } from "./execute.js";
import { graphiqlRoute } from "./graphiql.js";
import type { AnswerLimits } from "./limited-execution.js";
import { operationLimits } from "./operation-limits.js";
import { createEventStreamTransport } from "./sse.js";
import { createWebSocketTransport, type WebSocketOptions } from "./websocket.js";

/** Whether queries, training and subscriptions all work; if not, why not. */
export interface Readiness {
  ready: boolean;
  reasons: string[];
}

/** What the server is built from. */
export interface HttpServerOptions<Context extends object> {
  schema: GraphQLSchema;
  createContext: ContextFactory<Context>;
  operatorKey: string;
  readiness: () => Promise<Readiness>;
  logger: Logger;
  /** Address to listen on; loopback unless the operator decides otherwise. */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /** Serves `/artifacts/...`; without it there is no such route. */
  openArtifact?: OpenArtifact;
  /** See `AccessOptions`. */
  allowedHosts?: readonly string[];
  allowedOrigins?: readonly string[];
  webSocketLimits?: WebSocketOptions["limits"];
  /** Default: `operationLimits`. */
  answerLimits?: Partial<AnswerLimits>;
}

/** A server that answers. */
export interface HttpServer {
  /** Without a trailing slash, such as `http://127.0.0.1:4000`. */
  url: string;
  port: number;
  /** Stops accepting, ends subscriptions, lets requests in flight finish for some seconds, then cuts them. */
  close(): Promise<void>;
}

/** Largest body of a request, in bytes. */
const maxBodyBytes = 16 * 1024 * 1024;
/** Why a request's signal is aborted. One for all: without it every abort makes an exception with a stack. */
const closed = new Error("the connection is closed");
/** How long `close()` waits for WebSocket clients to say goodbye, and for requests in flight, in milliseconds. */
const grace = { sockets: 2_000, requests: 5_000 };

/**
 * Starts the GraphQL API: HTTP at `POST /graphql`, graphql-ws at `/graphql`, graphql-sse at `/graphql/stream`, GraphiQL
 * at `/`, health at `/health/live` and `/health/ready`, signed downloads below `/artifacts/`.
 */
export async function startHttpServer<Context extends object>(
  options: HttpServerOptions<Context>,
): Promise<HttpServer> {
  const { schema, createContext, operatorKey, logger, host = "127.0.0.1" } = options;
  const format = createErrorFormatter(logger);
  const limits = { ...operationLimits, ...options.answerLimits };
  const executor = createExecutor(schema, createContext, limits);
  const apollo = await createApollo<Context>(schema, format, logger, limits);
  const streams = createEventStreamTransport(executor, format);
  const isAuthorized = (authorization: unknown) => verifyKey(operatorKey, parseBearer(authorization));
  const sockets = createWebSocketTransport({ executor, format, isAuthorized, logger, limits: options.webSocketLimits });

  const server = createServer();
  const port = await listen(server, host, options.port);
  const foreignHeader = createAccessCheck({ ...options, port });

  const app = express().disable("x-powered-by").set("etag", false).set("query parser", "simple");
  app.use(protect(foreignHeader));
  app.use("/health", healthRoutes(options.readiness, logger));
  app.get("/", graphiqlRoute());
  if (options.openArtifact) app.use("/artifacts/", artifactRoute(options.openArtifact, logger));
  app.use(requireKey(isAuthorized));
  app.use(express.json({ limit: maxBodyBytes }));
  app.all("/graphql/stream", streams.handle);
  app.all(
    "/graphql",
    // GraphiQL and other clients ask for the stream at the same address, by what they accept.
    (request, response, next) =>
      request.get("accept")?.includes("text/event-stream") ? streams.handle(request, response, next) : next(),
    directQueries(executor, format),
    expressMiddleware(apollo, {
      context: async ({ req, res }) => {
        const gone = new AbortController();
        res.once("close", () => gone.abort(closed));
        const { headers, socket } = req;
        return createContext({
          transport: "http",
          headers,
          remoteAddress: socket.remoteAddress,
          signal: gone.signal,
        });
      },
    }),
  );
  app.use(notFound, failed(format));
  server.on("request", app);

  let closing: Promise<void> | undefined;
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const foreign = foreignHeader(request);
    if (foreign) return refuseUpgrade(socket, 403, `The ${foreign} header is not one of this server's.`);
    if (closing) return refuseUpgrade(socket, 503, "The server is shutting down.");
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname !== "/graphql") return refuseUpgrade(socket, 404, "WebSockets are served at /graphql.");
    sockets.upgrade(request, socket, head);
  });

  async function stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    streams.close();
    // Connections that clients keep alive fall idle one by one as their last answers go out.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const cut = setTimeout(() => server.closeAllConnections(), grace.requests);
    await Promise.all([sockets.close(grace.sockets), stopped]);
    clearInterval(sweep);
    clearTimeout(cut);
    await apollo.stop();
  }
  return {
    url: `http://${displayedHost(host)}:${port}`,
    port,
    close: () => {
      closing ??= stop();
      return closing;
    },
  };
}

/** Turns away foreign hosts and origins, and sets the headers that every answer carries. */
function protect(foreignHeader: ReturnType<typeof createAccessCheck>): RequestHandler {
  return (request, response, next) => {
    response.set({
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "X-Frame-Options": "DENY",
      "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cache-Control": "no-store",
    });
    const foreign = foreignHeader(request);
    if (foreign) {
      response.status(403).json(errorBody("FORBIDDEN", `The ${foreign} header is not one of this server's.`));
      return;
    }
    if (!answerCors(request, response)) next();
  };
}

function requireKey(isAuthorized: (authorization: unknown) => boolean): RequestHandler {
  return (request, response, next) => {
    if (isAuthorized(request.headers.authorization)) return next();
    const message =
      "Send the operator key as `Authorization: Bearer <key>`; it lies in operator.key in the data directory.";
    response.status(401).set("WWW-Authenticate", "Bearer").json(errorBody("UNAUTHENTICATED", message));
  };
}

function healthRoutes(readiness: () => Promise<Readiness>, logger: Logger): Router {
  const routes = Router();
  routes.get("/live", (_request, response) => {
    response.json({ live: true });
  });
  routes.get("/ready", async (_request, response) => {
    let state: Readiness;
    try {
      state = await readiness();
    } catch (err) {
      logger.error({ err }, "The readiness check failed");
      state = { ready: false, reasons: ["The readiness check failed; the server's log says why."] };
    }
    response.status(state.ready ? 200 : 503).json(state);
  });
  return routes;
}

const notFound: RequestHandler = (request, response) => {
  response.status(404).json(errorBody("NOT_FOUND", `There is nothing at ${request.path}; the API is at /graphql.`));
};

/** The last resort of every route, and the answer to bodies that cannot be read. */
function failed(format: ErrorFormatter): ErrorRequestHandler {
  return (error: Error & { status?: number; type?: string }, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status = 500, type } = error;
    if (type === "entity.too.large") {
      response.status(413).json(errorBody("LIMIT_EXCEEDED", "The body is larger than 16 MiB."));
    } else if (status >= 400 && status < 500) {
      const message = type === "entity.parse.failed" ? "The body is not valid JSON." : error.message;
      response.status(status).json(errorBody("BAD_REQUEST", message));
    } else {
      response.status(500).json({ errors: [format(error)] });
    }
  };
}

function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503, message: string): void {
  const reason = { 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable" }[status];
  const code = ({ 403: "FORBIDDEN", 404: "NOT_FOUND", 503: "BAD_REQUEST" } as const)[status];
  const body = JSON.stringify(errorBody(code, message));
  socket.on("error", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = `Port ${port} of ${host} is taken by another program; choose another port.`;
      reject(new Error(cause.code === "EADDRINUSE" ? taken : `Cannot listen on ${host}: ${cause.message}`, { cause }));
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

/** A host that a browser on this machine can open. */
function displayedHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
