import { afterAll, beforeAll, expect, it } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { post, startToyServer } from "./toy-server.js";

let server: HttpServer;
beforeAll(async () => {
  server = await startToyServer();
});
afterAll(() => server.close());

/** Batches of one go through Apollo, or are refused by it; a media type that only Apollo speaks asks for it. */
const throughApollo = { accept: "application/graphql-response+json, application/json;q=0.9" };
const questions: [string, object][] = [
  ["an answer", { query: "{ hello transport }" }],
  ["an answer by operation name", { query: "query A { hello } query B { transport }", operationName: "B" }],
  ["an error of the platform", { query: '{ fail(how: "platform") }' }],
  ["a lost database", { query: '{ fail(how: "database") }' }],
  ["introspection", { query: '{ __type(name: "Query") { name } }' }],
];

it.each(questions)("%s is the same by the short way as by Apollo's", async (_what, body) => {
  const [direct, apollo] = [await post(server.url, body), await post(server.url, body, throughApollo)];
  expect(direct.status).toBe(apollo.status);
  expect(direct.body).toEqual(apollo.body);
  expect(direct.headers.get("content-type")).toBe("application/json; charset=utf-8");
  expect(direct.headers.get("cache-control")).toBe(apollo.headers.get("cache-control"));
});

it.each([
  ["variables that do not fit", { query: "query ($how: String!) { fail(how: $how) }", variables: {} }, 400],
  ["a document that is none", { query: "{" }, 400],
  ["a query that is no text", { query: 7 }, 400],
])("%s are answered by Apollo as ever", async (_what, body, status) => {
  const answer = await post(server.url, body);
  expect(answer.status).toBe(status);
  expect(answer.body.errors).toHaveLength(1);
});
