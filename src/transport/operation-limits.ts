import {
  type ASTNode,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from "graphql";
import { PlatformError } from "../errors.js";
import { countVariableValues } from "../intake/count-values.js";
import { cutOffBytes } from "./backpressure.js";
import { costOf, type OperationCost } from "./operation-cost.js";
import { rowsIn } from "./rows-in-schema.js";

/**
 * What one operation may ask for and may cost, over HTTP, WebSocket and SSE alike; of a subscription, `maxNodes` and what
 * follows hold for each event. Whatever is over a limit is refused with code `LIMIT_EXCEEDED`. None of them can be set.
 */
export const operationLimits = {
  /** Tokens of a document; data belongs into variables. */
  maxTokens: 10_000,
  /** Fields within fields, fragments included; below `__schema` and `__type` GraphQL has a rule of its own. */
  maxDepth: 15,
  /** Fields after every fragment is written out, so that fragments of fragments cannot multiply. */
  maxFields: 10_000,
  /** Characters of an alias: it is repeated for every object of the answer. */
  maxAliasLength: 256,
  /** Fields of one response name in one selection set, fragments included: GraphQL compares each with each. */
  maxRepeats: 100,
  /** Values in the variables, without rows and categories: GraphQL checks them without yielding to other requests. */
  maxVariableValues: 150_000,
  /** See `OperationCost`. */
  maxNodes: 500_000,
  /** See `OperationCost`. */
  maxValues: 4_000_000,
  /** See `OperationCost`. */
  maxStatements: 500,
  /** Bytes of an answer as JSON. */
  maxAnswerBytes: cutOffBytes,
  /**
   * How long an answer may take to compute, in seconds, unless a field of it declares more. Of a mutation only reading the
   * payload counts: what it does is never cut short.
   */
  seconds: 30,
} as const;

/** An error with code `LIMIT_EXCEEDED`. */
export function limitError(message: string, details: Record<string, unknown>): GraphQLError {
  const originalError = new PlatformError("LIMIT_EXCEEDED", message, details);
  return new GraphQLError(message, { originalError });
}

/** The message for an answer with too many bytes. */
export function answerTooLarge(maxBytes: number): string {
  return `The answer would be larger than ${shown(maxBytes / 2 ** 20)} MiB, which is the limit. Select less, or smaller pages.`;
}

/** The message for variables with too many values. */
export function tooManyValues(values: number): string {
  return `The variables hold ${shown(values)} values besides rows and categories; the limit is ${shown(operationLimits.maxVariableValues)}.`;
}

const counted = {
  nodes: { limit: operationLimits.maxNodes, what: "nodes" },
  values: { limit: operationLimits.maxValues, what: "values" },
  statements: { limit: operationLimits.maxStatements, what: "SQL statements" },
} as const;

/**
 * The cost of a valid operation, or the error that refuses it because it is over a limit. Nothing has been executed then;
 * over HTTP its status is 400, as of a document that is not valid.
 */
export function checkCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>> | null | undefined,
): OperationCost | GraphQLError {
  let cost: OperationCost;
  try {
    const definitions = operation.variableDefinitions ?? [];
    const values = countVariableValues(variables ?? {}, definitions, document, rowsIn(schema));
    if (values > operationLimits.maxVariableValues)
      return refused(tooManyValues(values), { limit: operationLimits.maxVariableValues });
    cost = costOf(schema, document, operation, variables);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refused("The operation is nested too deeply.", {});
  }
  for (const key of ["nodes", "values", "statements"] as const) {
    const { limit, what } = counted[key];
    if (cost[key] <= limit) continue;
    const path = key === "statements" ? undefined : cost.most[key];
    const most =
      path === undefined
        ? "Ask in several operations."
        : `Most come from ${path}: ask for smaller pages, or for fewer levels.`;
    const message = `The operation could answer ${shown(cost[key])} ${what}; the limit is ${shown(limit)}. ${most}`;
    return refused(message, { measure: key, cost: cost[key], limit, ...(path !== undefined && { path }) });
  }
  return cost;
}

/** An error with code `LIMIT_EXCEEDED` for an operation that was not started; over HTTP its status is 400. */
export function refused(message: string, details: Record<string, unknown>, nodes?: ASTNode): GraphQLError {
  const originalError = new PlatformError("LIMIT_EXCEEDED", message, details);
  return new GraphQLError(message, { nodes, originalError, extensions: { http: { status: 400 } } });
}

/** Whether an error was made by `refused`. */
export function isRefused(error: GraphQLError): boolean {
  return error.originalError instanceof PlatformError && error.originalError.code === "LIMIT_EXCEEDED";
}

const shown = (count: number) => count.toLocaleString("en-US");
