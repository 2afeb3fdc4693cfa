import type { Request, RequestHandler, Response } from "express";
import type { GraphQLFormattedError } from "graphql";
import { answerText } from "./answer-text.js";
import { actorOf } from "./authenticate.js";
import { createOutbox } from "./backpressure.js";
import { type ErrorFormatter, formatResult } from "./error-format.js";
import type { Executor, OperationRequest, RequestInfo } from "./execute.js";
import { goneWith } from "./gone.js";
import { isRefused } from "./operation-limits.js";

/**
 * Answers plain queries by the path that WebSocket and SSE take, at half of what Apollo needs for one. All other
 * requests are left to Apollo, which implements GraphQL over HTTP completely: mutations, GET, batches, extensions, refused
 * documents and variables, media types other than JSON. Requests over a limit are refused here. Mount it behind the key
 * check and the JSON parser.
 */
export function directQueries(executor: Executor, format: ErrorFormatter): RequestHandler {
  // One answer needs no pacing.
  const outbox = createOutbox();
  return async (request, response, next) => {
    const given = plainOperation(request);
    const operation = given && executor.prepare(given, new DirectRequest(request), outbox);
    const faults = Array.isArray(operation) ? operation : given ? [] : executor.tooLarge(queryOf(request));
    if (faults.length > 0 && faults.every(isRefused)) return refuse(request, response, faults.map(format));
    if (!operation || !("type" in operation) || operation.type !== "query") return next();
    const result = await executor.run(operation);
    // No data at all: the variables do not fit.
    if (Symbol.asyncIterator in result || result.data === undefined) return next();
    const text = `${await answerText(formatResult(result, format), format)}\n`;
    response.setHeader("Content-Type", "application/json; charset=utf-8");
    response.setHeader("Content-Length", Buffer.byteLength(text));
    response.end(text);
  };
}

/** Requests over a limit do not go to Apollo either. */
function refuse(request: Request, response: Response, errors: GraphQLFormattedError[]): void {
  const type = ["application/graphql-response+json", "application/json"].find((each) => request.accepts(each));
  response.status(400).setHeader("Content-Type", `${type ?? "application/json"}; charset=utf-8`);
  response.end(`${JSON.stringify({ errors })}\n`);
}

/** The document of any request; empty if it has none. */
function queryOf({ method, body, query }: Request): string {
  const given: unknown = method === "GET" ? query.query : (body as { query?: unknown } | undefined)?.query;
  return typeof given === "string" ? given : "";
}

const known = new Set(["query", "variables", "operationName"]);

/** A plain query with its variables; undefined for any other request. */
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

/** A request as contexts know it. Few look at its signal, and a controller for each request is not free. */
class DirectRequest implements RequestInfo {
  readonly transport = "http";
  readonly actor: RequestInfo["actor"];
  readonly headers: RequestInfo["headers"];
  readonly remoteAddress: string | undefined;
  #gone: AbortController | undefined;

  constructor(private readonly request: Request) {
    this.actor = actorOf(request);
    this.headers = request.headers;
    this.remoteAddress = request.socket.remoteAddress;
  }

  get signal(): AbortSignal {
    this.#gone ??= goneWith(this.request.res);
    return this.#gone.signal;
  }
}
