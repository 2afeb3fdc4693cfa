import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expressMiddleware } from "@as-integrations/express5";
import type { ErrorRequestHandler, RequestHandler } from "express";
import type { GraphQLSchema } from "graphql";
import { createKeyCheck, type KeyCheck } from "../auth/key-check.js";
import { dropped, guarded, logged } from "../guarded.js";
import { createIntake, type Intake } from "../intake/intake.js";
import type { Logger } from "../logger.js";
import { answerCors, createAccessCheck } from "./access.js";
import { createApollo } from "./apollo.js";
import { artifactRoute, type OpenArtifact } from "./artifact-route.js";
import { actorOf, authenticate, noteActor } from "./authenticate.js";
import { directQueries } from "./direct-queries.js";
import { createErrorFormatter, type ErrorFormatter, errorBody } from "./error-format.js";
import { type ContextFactory, createExecutor } from "./execute.js";
import { createExpressServer } from "./express-server.js";
import { goneWith } from "./gone.js";
import { graphiqlRoute } from "./graphiql.js";
import { healthRoutes, type Readiness } from "./health.js";
import type { AnswerLimits } from "./limited-execution.js";
import { operationLimits } from "./operation-limits.js";
import { bodyLimits, readBody } from "./request-body.js";
import { createEventStreamTransport } from "./sse.js";
import { serveUpgrades } from "./upgrades.js";
import { type UploadReceiver, uploadRoute } from "./upload-route.js";
import { createWebSocketTransport, type WebSocketOptions } from "./websocket.js";

/** What the server is built from. */
export interface HttpServerOptions<Context extends object> {
  schema: GraphQLSchema;
  createContext: ContextFactory<Context>;
  operatorKey: string;
  readiness: () => Promise<Readiness>;
  /** What takes in large bodies; by default one of the server's own. */
  intake?: Intake;
  logger: Logger;
  /** Address to listen on; loopback unless the operator decides otherwise. */
  host?: string;
  /** 0 takes any free port. */
  port: number;
  /** Serves `/artifacts/...`; without it there is no such route. */
  openArtifact?: OpenArtifact;
  /** Serves `/uploads/...`; without it there is no such route. */
  uploads?: UploadReceiver;
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

/**
 * How long a connection may be silent between two requests, in milliseconds: longer than clients and proxies keep one that
 * they mean to use again (browsers 300 s, nginx and most load balancers 60 s, Google's 600 s). A server that closes first
 * may do so just as the next request is on its way.
 */
export const keepAliveMs = 620_000;
/** How long a client may take to send the headers of a request, in milliseconds. */
const headersMs = 60_000;
/** How long `close()` waits for WebSocket clients to say goodbye, and for requests in flight, in milliseconds. */
const grace = { sockets: 2_000, requests: 5_000 };

/**
 * Starts the GraphQL API: HTTP at `POST /graphql`, graphql-ws at `/graphql`, graphql-sse at `/graphql/stream`, GraphiQL
 * at `/`, health at `/health/live` and `/health/ready`, signed downloads below `/artifacts/`, signed uploads below `/uploads/`.
 */
export async function startHttpServer<Context extends object>(
  options: HttpServerOptions<Context>,
): Promise<HttpServer> {
  const { schema, createContext, operatorKey, logger, host = "127.0.0.1" } = options;
  const format = createErrorFormatter(logger);
  const intake = options.intake ?? createIntake();
  const limits = { ...operationLimits, ...options.answerLimits };
  const executor = createExecutor(schema, createContext, limits);
  const apollo = await createApollo<Context>(schema, format, logger, limits);
  const streams = createEventStreamTransport(executor, format, logger);
  const keys = createKeyCheck({ key: operatorKey, logger });
  const sockets = createWebSocketTransport({ executor, format, keys, logger, limits: options.webSocketLimits });

  const { app, server } = createExpressServer({ keepAliveTimeout: keepAliveMs, headersTimeout: headersMs });
  const port = await listen(server, host, options.port);
  const foreignHeader = createAccessCheck({ ...options, port });

  app.use(protect(foreignHeader));
  app.use("/health", healthRoutes(options.readiness, logger));
  app.get("/", graphiqlRoute());
  if (options.openArtifact) app.use("/artifacts/", artifactRoute(options.openArtifact, logger));
  if (options.uploads) app.use("/uploads/", uploadRoute(options.uploads, logger));
  app.use(requireKey(keys));
  app.use(readBody(intake, schema));
  app.all("/graphql/stream", streams.handle);
  app.all(
    "/graphql",
    // GraphiQL and other clients ask for the stream at the same address, by what they accept.
    (request, response, next) =>
      request.get("accept")?.includes("text/event-stream") ? streams.handle(request, response, next) : next(),
    directQueries(executor, format),
    expressMiddleware(apollo, {
      context: async ({ req, res }) => {
        const { headers, socket } = req;
        const { signal } = goneWith(res);
        const { remoteAddress } = socket;
        return createContext({ transport: "http", actor: actorOf(req), headers, remoteAddress, signal });
      },
    }),
  );
  app.use(notFound, failed(format));
  server.on(
    "request",
    guarded(app, (err, request) => {
      logger.error({ err }, "A request failed on an unexpected error");
      request.destroy();
    }),
  );
  // Such as a connection that cannot be accepted for lack of file descriptors.
  server.on("error", guarded(logged(logger, "The HTTP server reported an error"), dropped));

  let closing: Promise<void> | undefined;
  serveUpgrades(server, { foreignHeader, sockets, isClosing: () => closing !== undefined, logger });

  async function stop(): Promise<void> {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    streams.close();
    // Connections that clients keep alive fall idle one by one as their last answers go out.
    const report = logged(logger, "Connections could not be closed");
    const sweep = setInterval(
      guarded(() => server.closeIdleConnections(), report),
      50,
    );
    const cut = setTimeout(
      guarded(() => server.closeAllConnections(), report),
      grace.requests,
    );
    await Promise.all([sockets.close(grace.sockets), stopped]);
    clearInterval(sweep);
    clearTimeout(cut);
    await apollo.stop();
    keys.close();
    if (!options.intake) await intake.close();
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

function requireKey(keys: KeyCheck): RequestHandler {
  return (request, response, next) => {
    const { headers, socket } = request;
    const authenticated = authenticate(keys, headers.authorization, socket.remoteAddress);
    if (!authenticated.refusal) {
      noteActor(request, authenticated.actor);
      return next();
    }
    const { retryAfter } = authenticated.refusal;
    response.set("WWW-Authenticate", "Bearer");
    if (retryAfter === undefined) {
      const message =
        "Send the operator key as `Authorization: Bearer <key>`; it lies in operator.key in the data directory.";
      response.status(401).json(errorBody("UNAUTHENTICATED", message));
    } else {
      const message = `Too many requests with a wrong key have come from this address; try again in ${retryAfter} s.`;
      response.status(429).set("Retry-After", String(retryAfter)).json(errorBody("UNAUTHENTICATED", message));
    }
  };
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
      response
        .status(413)
        .json(errorBody("LIMIT_EXCEEDED", `The body is larger than ${bodyLimits.bytes / 2 ** 20} MiB.`));
    } else if (status >= 400 && status < 500) {
      const message = type === "entity.parse.failed" ? "The body is not valid JSON." : error.message;
      response.status(status).json(errorBody("BAD_REQUEST", message));
    } else {
      response.status(500).json({ errors: [format(error)] });
    }
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = guarded((cause: NodeJS.ErrnoException) => {
      const taken = `Port ${port} of ${host} is taken by another program; choose another port.`;
      reject(new Error(cause.code === "EADDRINUSE" ? taken : `Cannot listen on ${host}: ${cause.message}`, { cause }));
    }, reject);
    server.on("error", fail);
    const listening = guarded(() => {
      server.off("error", fail);
      resolve((server.address() as AddressInfo).port);
    }, reject);
    server.listen(port, host, listening);
  });
}

/** A host that a browser on this machine can open. */
function displayedHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}
