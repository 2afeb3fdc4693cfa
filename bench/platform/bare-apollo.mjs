// What "as fast as Apollo can" means here: one field, Apollo Server's defaults for production, Express, the same body limit.
import { createServer } from "node:http";
import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";

const apollo = new ApolloServer({
  typeDefs: "type Query { hello: String! }",
  resolvers: { Query: { hello: () => "world" } },
  nodeEnv: "production",
});
await apollo.start();
const app = express();
app.use("/graphql", express.json({ limit: "16mb" }), expressMiddleware(apollo));
const server = createServer(app).listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
process.on("disconnect", () => process.exit());
