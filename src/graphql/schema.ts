import { DateTimeScalar } from "../entities/scalars.js";
import "reflect-metadata";
import { GraphQLInputObjectType, type GraphQLSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { DeclarationMutations } from "./resolvers/declaration-mutations.js";
import { DatasetEventCursor, ModelEventCursor, RunEventCursor } from "./resolvers/event-cursors.js";
import { HistorySubscriptions } from "./resolvers/history-subscriptions.js";
import { readingResolvers } from "./resolvers/reading.js";
import { RegistryMutations } from "./resolvers/registry-mutations.js";
import { RunMutations } from "./resolvers/run-mutations.js";
import { RunSubscriptions } from "./resolvers/run-subscriptions.js";
import { StorageResolver } from "./resolvers/storage.js";

/** type-graphql asks for one, and no subscription of ours uses it: each follows rows by itself. */
const unusedPubSub: PubSub = {
  publish() {},
  subscribe() {
    throw new Error("subscriptions follow rows; see graphql/subscriptions");
  },
};

/** type-graphql makes these types itself, without descriptions. */
const rootDescriptions = {
  Query: "Everything that can be read. Queries change nothing.",
  Mutation:
    "Everything that can be changed. Each mutation takes one `input`; if that is wrong, the payload lists all its `problems` and nothing is stored.",
  Subscription:
    "Everything that can be followed, over WebSocket (graphql-ws) or Server-Sent Events (graphql-sse). Each first sends what already exists, then what is new.",
};

/** The whole API. Its SDL, `schema/schema.graphql`, is written by `npm run schema`. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      ...readingResolvers,
      DeclarationMutations,
      RunMutations,
      RegistryMutations,
      StorageResolver,
      RunSubscriptions,
      HistorySubscriptions,
      RunEventCursor,
      ModelEventCursor,
      DatasetEventCursor,
    ],
    // Declarations are checked by `language/`, which answers all problems at once instead of throwing the first.
    validate: false,
    scalarsMap: [{ type: Date, scalar: DateTimeScalar }],
    pubSub: unusedPubSub,
  });
  for (const [name, description] of Object.entries(rootDescriptions)) {
    const type = schema.getType(name);
    if (type) type.description = description;
  }
  // type-graphql knows no @oneOf; from here on graphql-js checks and prints it.
  for (const type of Object.values(schema.getTypeMap()))
    if (type instanceof GraphQLInputObjectType && type.extensions.isOneOf) type.isOneOf = true;
  return schema;
}
