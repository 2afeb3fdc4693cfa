import { ApolloServer, type ApolloServerPlugin } from "@apollo/server";
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from "@apollo/server/plugin/disabled";
import { GraphQLError, type GraphQLSchema } from "graphql";
import type { Logger } from "../logger.js";
import type { ErrorFormatter } from "./error-format.js";
import { exactIntegersRule } from "./exact-integers-rule.js";
import { executionOptions, parseOptions } from "./execute.js";
import { completeLongLists, expectLongLists } from "./long-lists.js";
import { operationLimitsRule } from "./operation-limits.js";
import { jsonInTurns } from "./turns.js";

/**
 * A started Apollo Server for queries and mutations over HTTP. It talks to nobody but its callers, whatever Apollo
 * settings the environment holds, and has the limits and the error format that WebSocket and SSE have.
 */
export async function createApollo<Context extends object>(
  schema: GraphQLSchema,
  format: ErrorFormatter,
  logger: Logger,
): Promise<ApolloServer<Context>> {
  const apollo = new ApolloServer<Context>({
    schema,
    introspection: true,
    nodeEnv: "production",
    stopOnTerminationSignals: false,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    validationRules: [operationLimitsRule, exactIntegersRule],
    parseOptions,
    executionOptions,
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
      longListsInTurns,
    ],
    stringifyResult: async (value) => `${(await jsonInTurns(value)).join("")}\n`,
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

const longListsInTurns: ApolloServerPlugin = {
  async requestDidStart() {
    return {
      async executionDidStart({ contextValue }) {
        expectLongLists(contextValue);
      },
      async willSendResponse({ contextValue, response: { body } }) {
        if (body.kind === "single")
          Object.assign(body.singleResult, await completeLongLists(contextValue, body.singleResult));
      },
    };
  },
};
