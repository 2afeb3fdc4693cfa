import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExecutionResult, GraphQLFormattedError } from "graphql";
import { operator } from "../../src/entities/actor.js";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { silent } from "../../src/logger.js";
import { listen } from "../../src/pubsub/wakeups.js";
import { openFileStore } from "../../src/storage/file-store.js";
import { createOutbox } from "../../src/transport/backpressure.js";
import { createErrorFormatter } from "../../src/transport/error-format.js";
import { createExecutor, type RequestInfo } from "../../src/transport/execute.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { testIntake } from "../support/intake.js";
import { noPredictions } from "./ask.js";

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is as its query says, which the type cannot know.
  data?: any;
  errors?: readonly GraphQLFormattedError[];
}

/** The whole API over a database and an object store of its own, without a transport in between. */
export interface Api {
  platform: Platform;
  /** For connections of a test's own. */
  url: string;
  /** Counts the contexts made so far: one for each operation, and one for each event of a subscription. */
  readonly contexts: number;
  /** Answers a query or mutation as a transport would, errors included. */
  ask(query: string, variables?: object): Promise<Answer>;
  /** The events of a subscription; what refuses it is thrown as the error a client would see. */
  follow(query: string, variables?: object): AsyncGenerator<Answer, void, void>;
  close(): Promise<void>;
}

/** An operation of the contract, such as `01-declare-dataset`, and its variables. */
export async function contract(name: string): Promise<{ query: string; variables: Record<string, unknown> }> {
  const read = (file: string) => readFile(fileURLToPath(new URL(`../contract/${file}`, import.meta.url)), "utf8");
  return { query: await read(`${name}.graphql`), variables: JSON.parse(await read(`${name}.json`)) };
}

/** Declares the contract's dataset, model and optimizer, with so many rows. */
export async function declareIris(api: Pick<Api, "ask">, rows = 150): Promise<void> {
  for (const name of ["01-declare-dataset", "02-append-rows", "03-declare-model", "04-declare-optimizer"]) {
    const { query, variables } = await contract(name);
    const input = { ...(variables.input as object), ...(name === "02-append-rows" && { rows: irisRows(rows) }) };
    const { data, errors } = await api.ask(query, { input });
    const problems = Object.values<{ problems: unknown[] } | null>(data ?? {}).flatMap(
      (answer) => answer?.problems ?? [],
    );
    if (errors || problems.length > 0) throw new Error(`${name} was refused: ${JSON.stringify(errors ?? problems)}`);
  }
}

/** @param database default: one of its own. */
export async function openApi(database?: TestDatabase): Promise<Api> {
  const directory = await mkdtemp(join(tmpdir(), "perennial-api-"));
  database ??= await testDatabase();
  const { db, url, close } = database;
  const secret = "not a secret, but 32 bytes long.";
  const store = await openFileStore({ root: directory, baseUrl: "http://127.0.0.1", secret });
  const wakeups = await listen({ url, logger: silent });
  const planner = {
    planTraining: () => Promise.reject(new Error("nothing is planned here")),
    unsupportedKernels: async () => [],
  };
  const intake = testIntake();
  const reader = { modulePath: "none", env: {} };
  const platform: Platform = { db, store, wakeups, predictor: noPredictions, planner, intake, reader, logger: silent };
  let contexts = 0;
  const executor = createExecutor(createSchema(), () => {
    contexts += 1;
    return createContext(platform);
  });
  const format = createErrorFormatter({ ...silent, error: (fields, message) => console.error(message, fields) });
  const controller = new AbortController();
  const request: RequestInfo = {
    transport: "websocket",
    actor: operator,
    headers: {},
    remoteAddress: undefined,
    signal: controller.signal,
  };

  /** As JSON has it, which is all that a client sees. */
  const answer = ({ data, errors }: ExecutionResult): Answer =>
    JSON.parse(JSON.stringify({ data, ...(errors && { errors: errors.map(format) }) }));
  const run = async (query: string, variables?: object) => {
    const operation = executor.prepare({ query, variables: { ...variables } }, request, createOutbox());
    return "document" in operation ? executor.run(operation) : { errors: operation };
  };

  return {
    platform,
    url,
    get contexts() {
      return contexts;
    },
    async ask(query, variables) {
      return answer((await run(query, variables)) as ExecutionResult);
    },
    follow(query, variables) {
      const started = run(query, variables);
      const source = async () => {
        const events = await started;
        if (Symbol.asyncIterator in events) return events;
        throw Object.assign(new Error("refused"), { answer: answer(events) });
      };
      return {
        async next() {
          const { done, value } = await (await source()).next();
          return done ? { done, value: undefined } : { done: false, value: answer(value as ExecutionResult) };
        },
        async return() {
          await (await source()).return();
          return { done: true, value: undefined };
        },
        async throw(error) {
          throw error;
        },
        [Symbol.asyncIterator]() {
          return this;
        },
        async [Symbol.asyncDispose]() {
          await this.return();
        },
      };
    },
    async close() {
      controller.abort();
      await intake.close();
      await wakeups.close();
      await close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Rows that fit the contract's dataset, each different. */
export function irisRows(count: number, start = 0): Record<string, unknown>[] {
  const species = ["setosa", "versicolor", "virginica"];
  return Array.from({ length: count }, (_, index) => {
    const row = start + index;
    return {
      sepal_length: 5 + (row % 30) / 10,
      sepal_width: 3 + (row % 7) / 10,
      petal_length: 1 + (row % 3) * 2 + (row % 11) / 20,
      petal_width: 0.2 + (row % 3) * 0.8,
      species: species[row % 3],
    };
  });
}
