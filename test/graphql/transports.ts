import { createClient as createStreamClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import { WebSocket } from "ws";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { silent } from "../../src/logger.js";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../../src/transport/http.js";
import type { Answer } from "./api.js";
import { authorization, key, post } from "./toy-server.js";

/** The real API on a free port, over a platform of a test's. */
export function startApiServer(
  platform: Platform,
  options: Partial<HttpServerOptions<object>> = {},
): Promise<HttpServer> {
  return startHttpServer({
    ...{ schema: createSchema(), createContext: () => createContext(platform), operatorKey: key, port: 0 },
    ...{ readiness: async () => ({ ready: true, reasons: [] }), logger: silent, intake: platform.intake },
    ...options,
  });
}

/** Sends an operation and gives the first result, or what refused it. */
export type Ask = (url: string, query: string, variables?: Record<string, unknown>) => Promise<Answer>;

/** What a client library throws is the list of errors that the server sent. */
const asAnswer = (errors: unknown): Answer => {
  if (Array.isArray(errors)) return { errors };
  throw errors;
};

const overHttp: Ask = async (url, query, variables) => (await post(url, { query, variables })).body;

/** A media type that only Apollo speaks. */
export const throughApollo = { accept: "application/graphql-response+json, application/json;q=0.9" };
const overApollo: Ask = async (url, query, variables) => (await post(url, { query, variables }, throughApollo)).body;

const overWebSocket: Ask = async (url, query, variables) => {
  const client = createSocketClient({
    ...{ url: `${url.replace("http", "ws")}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 },
    connectionParams: { authorization },
  });
  try {
    const results = client.iterate({ query, variables });
    return (await results.next()).value as Answer;
  } catch (errors) {
    return asAnswer(errors);
  } finally {
    await client.dispose();
  }
};

const overEvents: Ask = async (url, query, variables) => {
  const client = createStreamClient({ url: `${url}/graphql/stream`, headers: { authorization }, retryAttempts: 0 });
  try {
    const results = client.iterate({ query, variables });
    return (await results.next()).value as Answer;
  } finally {
    client.dispose();
  }
};

/** For queries and mutations. */
export const transports: [string, Ask][] = [
  ["HTTP", overHttp],
  ["HTTP through Apollo", overApollo],
  ["WebSocket", overWebSocket],
  ["SSE", overEvents],
];
/** For subscriptions. */
export const streams = transports.slice(2);
