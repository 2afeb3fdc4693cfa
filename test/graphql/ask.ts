import { type ExecutionResult, type GraphQLFormattedError, graphql } from "graphql";
import type { DataSource } from "typeorm";
import { PlatformError } from "../../src/errors.js";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { silent } from "../../src/logger.js";
import type { Wakeups } from "../../src/pubsub/wakeups.js";
import type { ObjectStore } from "../../src/storage/object-store.js";
import { testIntake } from "../support/intake.js";

const schema = createSchema();

/** A predictor for what predicts nothing. */
export const noPredictions: Platform["predictor"] = {
  predictBy: () => Promise.reject(new Error("nothing is predicted here")),
};

/** A platform for queries: a real database, and of the store and the predictor what queries ask of them. */
export function readingPlatform(
  db: DataSource,
  predictor: Platform["predictor"],
  planner: Pick<Platform["planner"], "planTraining"> = {
    planTraining: () => Promise.reject(new Error("nothing is planned here")),
  },
): Platform {
  const store = {
    presign: async (key: string, seconds: number) => `https://store.test/${key}?expires=${seconds}`,
  } as ObjectStore;
  return {
    db,
    store,
    wakeups: {} as Wakeups,
    predictor,
    planner: { ...planner, unsupportedKernels: async () => [] },
    intake: testIntake(),
    reader: { modulePath: "none", env: {} },
    logger: silent,
  };
}

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: what a client gets is as its query says, which the type cannot know.
  data?: any;
  errors?: readonly GraphQLFormattedError[];
}

/** Answers a query as a transport would, errors included. */
export async function ask(platform: Platform, source: string, variableValues?: object): Promise<Answer> {
  const result: ExecutionResult = await graphql({
    schema,
    source,
    variableValues: { ...variableValues },
    contextValue: createContext(platform),
  });
  const errors = result.errors?.map(({ message, originalError, path }) => ({
    message,
    path,
    extensions: { code: originalError instanceof PlatformError ? originalError.code : "UNEXPECTED" },
  }));
  // As JSON has it, which is all that a client sees.
  return JSON.parse(JSON.stringify({ data: result.data, ...(errors && { errors }) }));
}

/** The data of a query that must succeed. */
export async function answer(platform: Platform, source: string, variables?: object): Promise<Answer["data"]> {
  const { data, errors } = await ask(platform, source, variables);
  if (errors) throw new Error(errors.map(({ message, path }) => `${path?.join(".")}: ${message}`).join("\n"));
  return data;
}
