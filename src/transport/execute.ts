import type { IncomingHttpHeaders } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  createSourceEventStream,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  type OperationTypeNode,
  parse,
  specifiedRules,
  validate,
} from "graphql";
import { LRUCache } from "lru-cache";
import type { Actor } from "../entities/actor.js";
import { createPacer, type Pacer, turnIsOver } from "../event-loop.js";
import type { Outbox } from "./backpressure.js";
import { documentFaults } from "./document-limits.js";
import { exactIntegersRule } from "./exact-integers-rule.js";
import { type AnswerLimits, executeLimited } from "./limited-execution.js";
import { meterSchema } from "./metering.js";
import type { OperationCost } from "./operation-cost.js";
import { checkCost, operationLimits } from "./operation-limits.js";
import { sharedResult } from "./shared-results.js";

/** What a context factory knows about its request. */
export interface RequestInfo {
  transport: "http" | "websocket" | "sse";
  /** Who asks, as the key check found. */
  actor: Actor;
  /** Headers of the HTTP request, or of the WebSocket's upgrade. */
  headers: IncomingHttpHeaders;
  remoteAddress: string | undefined;
  /** Aborted when the client's connection is gone. */
  signal: AbortSignal;
}

/**
 * Makes the context of resolvers. Called once for each query or mutation and once for *each event* of a subscription, or
 * once for all subscribers that share the result of an event.
 */
export type ContextFactory<Context extends object> = (request: RequestInfo) => Context | Promise<Context>;

/** The rules of every transport: those of the GraphQL specification, and that no integer is rounded. */
const validationRules = [...specifiedRules, exactIntegersRule];
export const parseOptions = { maxTokens: operationLimits.maxTokens };
export const executionOptions = { maxCoercionErrors: 50 };

/** One operation as a client sends it. */
export interface OperationRequest {
  query: string;
  operationName?: string | null;
  variables?: Record<string, unknown> | null;
}

/** An operation that has been parsed, and found valid and within the limits. */
export interface Operation extends ExecutionArgs {
  type: OperationTypeNode;
  cost: OperationCost;
  request: RequestInfo;
  outbox: Outbox;
}

/** The path of an operation on the transports that do not go through Apollo: WebSocket and SSE. */
export interface Executor {
  /** What is too large in a document, for callers that validate it themselves; also empty for a document that cannot be parsed. */
  tooLarge(query: string): readonly GraphQLError[];
  /** Parses and validates an operation and computes its cost; an array in the answer has the errors of the operation. */
  prepare(given: OperationRequest, request: RequestInfo, outbox: Outbox): Operation | readonly GraphQLError[];
  /** Runs a query or mutation to its result, or a subscription to its stream of results. */
  run(operation: Operation): Promise<ExecutionResult | AsyncGenerator<ExecutionResult, void, void>>;
}

/** Documents worth remembering: a thousand subscribers send the same one. */
const rememberedDocuments = { max: 500, maxLength: 20_000 };

/** One event to all subscriptions of a connection comes in turns of the event loop, so that others are served meanwhile. */
const pacers = new WeakMap<Outbox, Pacer>();

function pacerOf(outbox: Outbox): Pacer {
  const pacer = pacers.get(outbox) ?? createPacer();
  pacers.set(outbox, pacer);
  return pacer;
}

/** Events that a subscription may send before it yields to others: a source with stored history never waits by itself. */
const eventsPerTurn = 64;

/** Builds the executor for one schema. */
export function createExecutor<Context extends object>(
  schema: GraphQLSchema,
  createContext: ContextFactory<Context>,
  limits: AnswerLimits = operationLimits,
): Executor {
  meterSchema(schema);
  const documents = new LRUCache<string, DocumentNode>({ max: rememberedDocuments.max });

  function read(query: string): DocumentNode | readonly GraphQLError[] {
    const known = documents.get(query);
    if (known !== undefined) return known;
    let document: DocumentNode;
    try {
      document = parse(query, parseOptions);
    } catch (error) {
      return [withCode(error, "GRAPHQL_PARSE_FAILED")];
    }
    const tooLarge = documentFaults(document);
    if (tooLarge.length > 0) return tooLarge;
    const faults = validate(schema, document, validationRules);
    if (faults.length > 0) return faults.map((fault) => withCode(fault, "GRAPHQL_VALIDATION_FAILED"));
    if (query.length <= rememberedDocuments.maxLength) documents.set(query, document);
    return document;
  }

  return {
    tooLarge(query) {
      if (documents.has(query)) return [];
      try {
        return documentFaults(parse(query, parseOptions));
      } catch {
        return [];
      }
    },
    prepare(given, request, outbox) {
      const document = read(given.query);
      if (!("kind" in document)) return document;
      const operation = getOperationAST(document, given.operationName);
      if (!operation)
        return [withCode(new GraphQLError(unresolved(given.operationName)), "OPERATION_RESOLUTION_FAILURE")];
      const cost = checkCost(schema, document, operation, given.variables);
      if (cost instanceof GraphQLError) return [cost];
      return {
        schema,
        document,
        operationName: given.operationName,
        variableValues: given.variables,
        options: executionOptions,
        type: operation.operation,
        cost,
        request,
        outbox,
      };
    },
    async run({ type, cost, request, outbox, ...args }) {
      const answer = async (rootValue?: unknown) =>
        executeLimited({ ...args, type, cost, limits, rootValue, contextValue: await createContext(request) });
      if (type !== "subscription") return answer();
      const source = await createSourceEventStream({ ...args, contextValue: await createContext(request) });
      if (!(Symbol.asyncIterator in source)) return source;
      // A context for each event: loaders that outlived one would answer the next from their cache.
      const resolve = (event: unknown) => sharedResult(event, { ...args, actor: request.actor }, () => answer(event));
      return mapEvents(source, resolve, outbox);
    },
  };
}

/**
 * The results of a subscription. No async generator function: its `return()` would wait for the event in flight, and
 * a subscription to something quiet would never end.
 */
function mapEvents(
  source: AsyncIterable<unknown>,
  resolve: (event: unknown) => Promise<ExecutionResult>,
  outbox: Outbox,
): AsyncGenerator<ExecutionResult, void, void> {
  const events = source[Symbol.asyncIterator]();
  const pacer = pacerOf(outbox);
  let ended = false;
  let count = 0;
  const end = async () => {
    if (!ended) {
      ended = true;
      await events.return?.();
    }
    return { done: true as const, value: undefined };
  };
  return {
    async next() {
      if (++count % eventsPerTurn === 0) await nextTurn();
      await outbox.ready();
      if (ended) return { done: true, value: undefined };
      const event = await events.next();
      if (event.done) {
        ended = true;
        return { done: true, value: undefined };
      }
      try {
        if (turnIsOver()) await pacer.inTurn(undefined);
        if (ended) return { done: true, value: undefined };
        return { done: false, value: await resolve(event.value) };
      } catch (error) {
        await end();
        throw error;
      }
    },
    return: end,
    async throw(error) {
      await end();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function unresolved(name: string | null | undefined): string {
  return name ? `The document has no operation "${name}".` : "Name the operation: the document has none or several.";
}

function withCode(error: unknown, code: string): GraphQLError {
  if (!(error instanceof GraphQLError)) return new GraphQLError(String(error), { extensions: { code } });
  if (error.extensions.code === undefined) error.extensions.code = code;
  return error;
}
