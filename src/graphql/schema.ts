import { DateTimeScalar } from "../entities/scalars.js";
import "reflect-metadata";
import { GraphQLInputObjectType, type GraphQLSchema } from "graphql";
import { buildSchemaSync, type PubSub } from "type-graphql";
import { nounResolvers } from "./nouns/index.js";
import { NodeQueries } from "./nouns/node.js";
import { operationResolvers } from "./operations/index.js";

/** type-graphql asks for one, and no subscription of ours uses it: each follows rows by itself. */
const unusedPubSub: PubSub = {
  publish() {},
  subscribe() {
    throw new Error("subscriptions follow rows; see runs/feed and pubsub");
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
    resolvers: [NodeQueries, ...nounResolvers, ...operationResolvers],
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
