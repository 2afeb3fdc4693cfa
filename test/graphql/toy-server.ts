import { Readable } from "node:stream";
import { GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { JSONScalar, NumberScalar } from "../../src/entities/scalars.js";
import { PlatformError } from "../../src/errors.js";
import type { Logger } from "../../src/logger.js";
import type { RequestInfo } from "../../src/transport/execute.js";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../../src/transport/http.js";
import { testIntake } from "../support/intake.js";

/** What the toy schema's resolvers share; `serial` tells contexts apart. */
export interface ToyContext {
  serial: number;
  request: RequestInfo;
}

/** What a test can see of the server from inside. */
export interface Observed {
  contexts: number;
  /** Values that `flood` has produced. */
  flooded: number;
  /** Subscriptions whose cleanup has run. */
  cleaned: number;
  logged: { fields: Record<string, unknown>; message: string }[];
}

export const key = "pk_test-key-0123456789abcdefghijklmnopqrstuv";
export const authorization = `Bearer ${key}`;

class QueryFailedError extends Error {
  constructor(readonly driverError: Error & { code: string }) {
    super(driverError.message);
  }
}

const faults: Record<string, () => Error> = {
  platform: () => new PlatformError("ILLEGAL_TRANSITION", "The run has finished.", { state: "SUCCEEDED" }),
  unknown: () => new Error("password=hunter2"),
  database: () =>
    new QueryFailedError(Object.assign(new Error("terminating connection"), { code: "57P01", secret: "hunter2" })),
  refused: () => new AggregateError([Object.assign(new Error("connect"), { code: "ECONNREFUSED" })], "connect"),
};

function events<Value>(observed: Observed, next: (turn: number) => Promise<Value | undefined>): AsyncIterable<Value> {
  let turn = 0;
  let stop: () => void = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = await Promise.race([next(turn++), stopped]);
        return value === undefined ? { done: true, value } : { done: false, value };
      },
      async return() {
        observed.cleaned += 1;
        stop();
        return { done: true, value: undefined };
      },
    }),
  };
}

/** A schema with one field for each thing that transports must carry. */
export function toySchema(observed: Observed): GraphQLSchema {
  const resolve = (event: unknown) => event;
  const fail = (_source: unknown, { how }: { how: string }) => {
    throw (faults[how] ?? faults.unknown)?.() as Error;
  };
  const how = { how: { type: new GraphQLNonNull(GraphQLString) } };
  const node: GraphQLObjectType = new GraphQLObjectType({
    name: "Node",
    fields: () => ({
      name: { type: GraphQLString, resolve: () => "n" },
      text: { type: GraphQLString },
      child: { type: node, resolve: () => ({}) },
    }),
  });
  const after = <Value>(ms: number, value: Value) => new Promise<Value>((done) => setTimeout(done, ms, value));
  const work = new GraphQLObjectType({
    name: "Work",
    fields: {
      fast: { type: GraphQLString, resolve: () => "done" },
      slow: { type: GraphQLString, resolve: () => after(400, "done") },
      texts: {
        type: new GraphQLList(node),
        args: { count: { type: new GraphQLNonNull(GraphQLInt) } },
        resolve: (_source, { count }) => Array.from({ length: count }, () => ({ text: "x".repeat(1_000) })),
      },
    },
  });
  return new GraphQLSchema({
    query: new GraphQLObjectType<unknown, ToyContext>({
      name: "Query",
      fields: {
        hello: { type: GraphQLString, args: { name: { type: GraphQLString } }, resolve: (_, a) => `hello ${a.name}` },
        transport: { type: GraphQLString, resolve: (_source, _args, context) => context.request.transport },
        length: {
          type: GraphQLInt,
          args: { text: { type: new GraphQLNonNull(GraphQLString) } },
          resolve: (_source, { text }) => text.length,
        },
        fail: { type: GraphQLString, args: how, resolve: fail },
        unwritable: { type: GraphQLInt, resolve: () => "hunter2" },
        numbers: { type: new GraphQLList(NumberScalar), resolve: () => [1.5, Number.NaN, Number.NEGATIVE_INFINITY] },
        json: { type: JSONScalar, args: { value: { type: JSONScalar } }, resolve: (_source, { value }) => value },
        node: { type: node, resolve: () => ({}) },
        slow: { type: GraphQLString, resolve: () => after(300, "done") },
        work: { type: work, resolve: () => ({}) },
      },
    }),
    mutation: new GraphQLObjectType({
      name: "Mutation",
      fields: {
        touch: { type: GraphQLInt, resolve: () => 1 },
        work: { type: work, resolve: () => after(200, {}) },
      },
    }),
    subscription: new GraphQLObjectType<unknown, ToyContext>({
      name: "Subscription",
      fields: {
        count: {
          type: GraphQLInt,
          args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
          subscribe: (_source, { to }) => events(observed, async (turn) => (turn < to ? turn + 1 : undefined)),
          resolve,
        },
        serials: {
          type: GraphQLInt,
          subscribe: () => events(observed, async (turn) => (turn < 3 ? turn : undefined)),
          resolve: (_event, _args, context) => context.serial,
        },
        works: { type: work, subscribe: () => events(observed, async (turn) => (turn < 2 ? {} : undefined)), resolve },
        quiet: { type: GraphQLInt, subscribe: () => events<number>(observed, () => new Promise(() => {})), resolve },
        flood: {
          type: GraphQLString,
          subscribe: () =>
            events(observed, async () => {
              observed.flooded += 1;
              return "x".repeat(64 * 1024);
            }),
          resolve,
        },
        fail: { type: GraphQLInt, args: how, subscribe: fail, resolve },
        breaks: {
          type: GraphQLInt,
          subscribe: () =>
            events(observed, async (turn) => {
              if (turn === 0) return 1;
              throw new Error("password=hunter2");
            }),
          resolve,
        },
      },
    }),
  });
}

/** The toy server on a free port, and a view inside. */
export async function startToyServer(
  options: Partial<HttpServerOptions<ToyContext>> = {},
): Promise<HttpServer & { observed: Observed }> {
  const observed: Observed = { contexts: 0, flooded: 0, cleaned: 0, logged: [] };
  const log = (fields: object, message: string) => {
    observed.logged.push({ fields: fields as Record<string, unknown>, message });
  };
  const logger: Logger = { debug() {}, info() {}, warn: log, error: log };
  const intake = testIntake();
  const server = await startHttpServer<ToyContext>({
    intake,
    schema: toySchema(observed),
    createContext: (request) => ({ serial: ++observed.contexts, request }),
    operatorKey: key,
    port: 0,
    readiness: async () => ({ ready: true, reasons: [] }),
    openArtifact: async (pathAndQuery) => {
      const url = new URL(pathAndQuery, "http://localhost");
      if (url.searchParams.get("sig") === "old") return { refused: "EXPIRED", message: "The URL has expired." };
      if (url.searchParams.get("sig") !== "good") return { refused: "BAD_SIGNATURE", message: "Not signed by us." };
      if (!url.pathname.endsWith("weights.safetensors")) return { refused: "NOT_FOUND", message: "No such artifact." };
      const bytes = Buffer.from("the weights");
      return {
        ...{ sizeBytes: bytes.length, filename: "weights.safetensors", digest: "sha256:0123" },
        read: (range) => Readable.from([bytes.subarray(range?.start ?? 0, (range?.end ?? bytes.length) + 1)]),
        close: async () => {},
      };
    },
    logger,
    ...options,
  });
  const close = async () => {
    await server.close();
    await intake.close();
  };
  return { ...server, close, observed };
}

/** Posts one operation with the key. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Waits until `holds`, at most `timeoutMs`. */
export async function eventually(holds: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`Still not so after ${timeoutMs} ms: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
