import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { execute, GraphQLError, type GraphQLSchema } from "graphql";
import type { Logger } from "../logger.js";
import { answerText } from "./answer-text.js";
import type { ErrorFormatter } from "./error-format.js";
import { exactIntegersRule } from "./exact-integers-rule.js";
import { executionOptions, parseOptions } from "./execute.js";
import { type AnswerLimits, executeLimited } from "./limited-execution.js";
import { meterSchema } from "./metering.js";
import { checkCost } from "./operation-limits.js";

/**
 * A started Apollo Server for queries and mutations over HTTP. It talks to nobody but its callers, whatever Apollo
 * settings the environment holds, and has the limits and the error format that WebSocket and SSE have.
 */
export async function createApollo<Context extends object>(
  schema: GraphQLSchema,
  format: ErrorFormatter,
  logger: Logger,
  limits: AnswerLimits,
): Promise<ApolloServer<Context>> {
  const apollo = new ApolloServer<Context>({
    introspection: true,
    nodeEnv: "production",
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    gateway: limitedExecution(schema, limits),
    validationRules: [exactIntegersRule],
    parseOptions,
    stringifyResult: async (result) => `${await answerText(result, format)}\n`,
    formatError: (_formatted, error) => format(error),
    logger: {
      debug: (message) => logger.debug({}, String(message)),
      info: (message) => logger.debug({}, String(message)),
      warn: (message) => logger.warn({}, String(message)),
      error: (message) => logger.error({}, String(message)),
    },
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      subscriptionsElsewhere,
    ],
  });
  await apollo.start();
  return apollo;
}

const subscriptionsElsewhere: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async didResolveOperation({ operation }) {
        if (operation?.operation !== "subscription") return;
        const message = "Subscriptions run over graphql-ws at /graphql or graphql-sse at /graphql/stream.";
        throw new GraphQLError(message, { extensions: { code: "BAD_REQUEST", http: { status: 400 } } });
      },
    };
  },
};

/**
 * Executes what Apollo has parsed and validated in the way of the other transports. An executor of one's own is what Apollo
 * calls a gateway.
 */
function limitedExecution<Context extends object>(
  schema: GraphQLSchema,
  limits: AnswerLimits,
): ApolloServerOptionsWithGateway<Context>["gateway"] {
  meterSchema(schema);
  return {
    onSchemaLoadOrUpdate(callback) {
      callback({ apiSchema: schema, coreSupergraphSdl: "" });
      return () => {};
    },
    load: async () => ({
      async executor({ document, operation, request: { variables, operationName }, context: contextValue }) {
        const args = { schema, document, operationName, variableValues: variables, options: executionOptions };
        // An operation that is not there: `execute` says which.
        if (!operation) return execute(args);
        const cost = checkCost(schema, document, operation, variables);
        if (cost instanceof GraphQLError) return { errors: [cost] };
        return executeLimited({ ...args, type: operation.operation, cost, limits, contextValue });
      },
    }),
    stop: async () => {},
  };
}
