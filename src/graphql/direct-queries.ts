import type { Request, RequestHandler } from "express";
import { dropped, guarded } from "../guarded.js";
import { createOutbox } from "./backpressure.js";
import { type ErrorFormatter, formatResult } from "./error-format.js";
import type { Executor, OperationRequest, RequestInfo } from "./execute.js";
import { jsonInTurns } from "./turns.js";

/**
 * Answers plain queries by the path that WebSocket and SSE take, at half of what Apollo needs for one. Whatever is out of
 * the ordinary is left to Apollo, which knows every corner of GraphQL over HTTP: mutations, GET, batches, extensions,
 * documents and variables that are refused, media types other than JSON. Mount it behind the key check and the JSON parser.
 */
export function directQueries(executor: Executor, format: ErrorFormatter): RequestHandler {
  // One answer needs no pacing.
  const outbox = createOutbox();
  return async (request, response, next) => {
    const given = plainOperation(request);
    const operation = given && executor.prepare(given, requestInfo(request), outbox);
    if (!operation || !("type" in operation) || operation.type !== "query") return next();
    const result = await executor.run(operation);
    // No data at all: the variables do not fit.
    if (Symbol.asyncIterator in result || result.data === undefined) return next();
    const { data, errors } = formatResult(result, format);
    const texts = await jsonInTurns(errors ? { errors, data } : { data });
    texts.push("\n");
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.setHeader(
      "Content-Length",
      texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0),
    );
    for (const text of texts) response.write(text);
    response.end();
  };
}

const known = new Set(["query", "variables", "operationName"]);

/** What a client of the usual kind has sent; undefined for anything else. */
function plainOperation({ method, headers, body, url }: Request): OperationRequest | undefined {
  const { accept } = headers;
  if (method !== "POST" || url.includes("?") || !headers["content-type"]?.startsWith("application/json"))
    return undefined;
  if (accept !== undefined && accept !== "*/*" && accept !== "application/json") return undefined;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const { query, variables, operationName } = body as Record<string, unknown>;
  const isPlain =
    typeof query === "string" &&
    (variables == null || (typeof variables === "object" && !Array.isArray(variables))) &&
    (operationName == null || typeof operationName === "string") &&
    Object.keys(body).every((key) => known.has(key));
  return isPlain ? (body as OperationRequest) : undefined;
}

function requestInfo(request: Request): RequestInfo {
  let gone: AbortController | undefined;
  return {
    transport: "http",
    headers: request.headers,
    remoteAddress: request.socket.remoteAddress,
    // Few look at it, and a controller for each request is not free.
    get signal() {
      if (!gone) {
        const controller = new AbortController();
        request.res?.once(
          "close",
          guarded(() => controller.abort(), dropped),
        );
        gone = controller;
      }
      return gone.signal;
    },
  };
}
