import { getIntrospectionQuery } from "graphql";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HttpServer } from "../../src/transport/http.js";
import { operationLimits } from "../../src/transport/operation-limits.js";
import { type Answer, type Api, openApi } from "./api.js";
import { id, seed } from "./seed.js";
import { authorization, post } from "./toy-server.js";
import { type Ask, startApiServer, streams, throughApollo, transports } from "./transports.js";

let api: Api;
let server: HttpServer;
beforeAll(async () => {
  api = await openApi();
  await seed(api.platform.db, 60);
  await addVersions(80);
  server = await startApiServer(api.platform);
});
afterAll(async () => {
  await server.close();
  await api.close();
});

/** More versions of the first dataset. */
async function addVersions(count: number): Promise<void> {
  await api.platform.db.query(
    `INSERT INTO dataset_version (id, dataset_id, number, row_count, added_row_count, split_counts, digest, created_at)
     SELECT 'rows_00000000-0000-0000-0001-' || lpad(i::text, 12, '0'), $1, i + 1, 10, 10,
       '{"train":8,"validation":1,"test":1}', 'sha256:' || i, now()
     FROM generate_series(1, $2::int) i`,
    [id("dataset", 1), count],
  );
}

const nested = (levels: number, page: string, inner = "id"): string =>
  levels === 0 ? inner : `versions(${page}) { nodes { dataset { ${nested(levels - 1, page, inner)} } } }`;
const four = `dataset(name: "dataset-1") { ${nested(4, "first: 1000")} }`;

const aliased = (count: number, field: string) =>
  Array.from({ length: count }, (_, index) => `a${index}: ${field}`).join(" ");

/** What the code before answered for tens of seconds, with gigabytes, or never; and where most of it comes from. */
const refused: [string, string, Record<string, unknown>, string?][] = [
  [
    "four levels of versions",
    `{ ${four} }`,
    {},
    "dataset.versions.nodes.dataset.versions.nodes.dataset.versions.nodes.dataset.versions.nodes",
  ],
  [
    "edges",
    `{ runs(first: 1000) { edges { node { events(first: 1000) { edges { node { kind } } } } } } }`,
    {},
    "runs.edges.node.events.edges",
  ],
  [
    "pages from the end",
    "{ models(last: 1000) { nodes { revisions(last: 1000) { nodes { number } } } } }",
    {},
    "models.nodes.revisions.nodes",
  ],
  [
    "pages of the default length",
    "{ models { nodes { runs { nodes { model { runs { nodes { model { runs { nodes { id } } } } } } } } } } }",
    {},
  ],
  [
    "lengths in variables",
    "query ($n: Int) { runs(first: $n) { nodes { checkpoints(first: $n) { nodes { id } } } } }",
    { n: 1000 },
    "runs.nodes.checkpoints.nodes",
  ],
  [
    "a variable's default",
    "query ($n: Int = 1000) { runs(first: $n) { nodes { checkpoints(first: $n) { nodes { id } } } } }",
    {},
  ],
  [
    "named fragments",
    `query { dataset(name: "dataset-1") { ...A } }
     fragment A on Dataset { versions(first: 1000) { ...P } }
     fragment P on DatasetVersionConnection { nodes { dataset { versions(first: 1000) { nodes { id } } } } }`,
    {},
  ],
  [
    "inline fragments and node(id)",
    `{ node(id: "${id("dataset", 1)}") { ... on Dataset { ... { ${nested(2, "first: 1000")} } } } }`,
    {},
    "node.versions.nodes.dataset.versions.nodes",
  ],
  [
    "directives",
    `query ($yes: Boolean = true) { runs(first: 1000) @include(if: $yes) { nodes @skip(if: false) { events(first: 1000) { nodes { kind } } } } }`,
    {},
  ],
  [
    "ids in a list",
    "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Run { events(first: 1000) { nodes { kind } } } } }",
    { ids: Array(1000).fill("run_1") },
    "nodes.events.nodes",
  ],
  ["aliases of one page", `{ runs(first: 1000) { ${aliased(600, "nodes { id }")} } }`, {}],
  [
    "plain lists",
    `{ models { nodes { aliases { model { aliases { model { aliases { model { aliases { name } } } } } } } } } }`,
    {},
  ],
  [
    "plain lists with a length",
    `{ models(first: 1000) { nodes { aliases { history(limit: 1000) { reason } } } } }`,
    {},
    "models.nodes.aliases.history",
  ],
  [
    "points of metrics",
    "{ runs(first: 1000) { nodes { metrics(maxPoints: 10000) { points { value } } } } }",
    {},
    "runs.nodes.metrics.points",
  ],
  [
    "many fields of many nodes",
    `{ runs(first: 1000) { nodes { events(first: 400) { nodes { ${aliased(20, "message")} } } } } }`,
    {},
  ],
  [
    "1,300 introspections",
    `{ ${aliased(1300, "__schema { ...F }")} } fragment F on __Schema { types { name fields { name } } }`,
    {},
    "a0",
  ],
  [
    "introspections of a type",
    `{ ${aliased(800, '__type(name: "Query") { ...F }')} }
       fragment F on __Type { fields { name args { name type { name ofType { name ofType { name } } } } } }`,
    {},
  ],
  [
    "600 predictions",
    `query ($r: [JSONObject!]!) { ${aliased(600, 'predict(model: "model-1", rows: $r) { __typename }')} }`,
    { r: [{ x: 1 }] },
  ],
  [
    "a prediction of 240,000 rows with probabilities",
    `query ($r: [JSONObject!]!) { predict(model: "model-1", rows: $r) { predictions { value probabilities { category probability } } } }`,
    { r: Array(240_000).fill({}) },
    "predict.predictions.probabilities",
  ],
  [
    "700 plans",
    `query ($i: TrainInput!) { ${aliased(700, "planTraining(input: $i) { __typename }")} }`,
    { i: { model: "m", optimizer: "o", epochs: 1 } },
  ],
  ["storage reports", `{ ${aliased(20, "storageReport { totalCount }")} }`, {}],
  ["statements", `{ ${aliased(600, "runs(first: 1) { totalCount }")} }`, {}],
  [
    "metrics of other names",
    `{ run(id: "x") { ${aliased(600, 'metrics(names: ["a"], maxPoints: 1) { name }')} } }`,
    {},
  ],
];

const fits = (query: string, variables: object) => JSON.stringify({ query, variables }).length < 900_000;

describe.each(transports)("what could cost too much over %s", (name, ask) => {
  test.each(refused)("is refused before anything is read: %s", async (_what, query, variables, path) => {
    // Larger messages are no matter of cost over WebSocket.
    if (name === "WebSocket" && !fits(query, variables)) return;
    const started = performance.now();
    const { data, errors } = await ask(server.url, query, variables);
    expect(data ?? null).toBeNull();
    expect(errors).toHaveLength(1);
    const { message = "", extensions = {} } = errors?.[0] ?? {};
    expect(extensions).toMatchObject({ code: "LIMIT_EXCEEDED", cost: expect.any(Number), limit: expect.any(Number) });
    expect(extensions.cost).toBeGreaterThan(extensions.limit as number);
    expect(message).toContain(Number(extensions.limit).toLocaleString("en-US"));
    if (path !== undefined) {
      expect(extensions.path).toBe(path);
      expect(message).toContain(path);
    }
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  test("does not stop ordinary queries", async () => {
    const answer = async (query: string, variables?: Record<string, unknown>) => {
      const { data, errors } = await ask(server.url, query, variables);
      expect(errors).toBeUndefined();
      return data;
    };
    const two = "models(first: 1000) { nodes { name runs { nodes { id state progress { step } metrics { name } } } } }";
    expect((await answer(`{ ${two} }`)).models.nodes).toHaveLength(60);
    const versions = `dataset(name: "dataset-1") { ${nested(2, "first: 100", "name")} }`;
    const { dataset } = await answer(`{ ${versions} }`);
    expect(dataset.versions.nodes).toHaveLength(81);
    expect(dataset.versions.nodes[80].dataset.versions.nodes[80]).toEqual({ dataset: { name: "dataset-1" } });
    const charts = await answer("{ runs(first: 50) { nodes { metrics { name points { step epoch value } } } } }");
    expect(charts.runs.nodes[0].metrics).toEqual([{ name: "loss", points: [{ step: 1, epoch: 1, value: 0.5 }] }]);
    const options = { descriptions: true, schemaDescription: true, specifiedByUrl: true, directiveIsRepeatable: true };
    const query = getIntrospectionQuery({ ...options, inputValueDeprecation: true, oneOf: true });
    expect((await answer(query)).__schema.types.length).toBeGreaterThan(100);
  });

  test("asks each time what the variables say", async () => {
    const query = "query ($n: Int) { runs(first: $n) { nodes { events(first: $n) { nodes { kind } } } } }";
    const verdict = async (n: number | null) =>
      (await ask(server.url, query, { n })).errors?.[0]?.extensions?.code ?? "answered";
    expect([await verdict(10), await verdict(1000), await verdict(null), await verdict(-1), await verdict(10)]).toEqual(
      [...["answered", "LIMIT_EXCEEDED", "answered", "BAD_INPUT", "answered"]],
    );
  });

  test("counts the payload of a mutation, and does nothing", async () => {
    const deep = `version { model { dataset { ${nested(3, "first: 1000")} } } }`;
    const query = `mutation ($input: TagVersionInput!) { tagVersion(input: $input) { problems { path } ${deep} } }`;
    const input = { version: "model-1/1", key: "cost", value: name };
    const { errors } = await ask(server.url, query, { input });
    expect(errors?.[0]?.extensions).toMatchObject({ code: "LIMIT_EXCEEDED", limit: operationLimits.maxNodes });
    expect(await api.platform.db.query("SELECT FROM version_tag WHERE key = 'cost'")).toHaveLength(0);
  });

  test("refuses repeated fields before GraphQL compares each with each", async () => {
    for (const query of [
      `{ ${"workers { id } ".repeat(2000)} }`,
      `{ ${"...F ".repeat(2)} } fragment F on Query { ${"... { workers { id } } ".repeat(1200)} }`,
      `{ ${"long".repeat(100)}: workers { id } }`,
    ]) {
      const { errors } = await ask(server.url, query);
      expect(errors?.[0]?.extensions?.code).toBe("LIMIT_EXCEEDED");
    }
    const cyclic = '{ dataset(name: "a") { ...F } } fragment F on Dataset { versions { nodes { dataset { ...F } } } }';
    expect((await ask(server.url, cyclic)).errors?.[0]?.extensions?.code).toBe("GRAPHQL_VALIDATION_FAILED");
  });
});

test("both ways of HTTP refuse alike", async () => {
  for (const body of [
    { query: `{ ${four} }` },
    { query: `{ ${"workers { id } ".repeat(200)} }` },
    { query: `query A { workers { id } } query B { ${four} }`, operationName: "B" },
  ]) {
    const [direct, apollo] = [await post(server.url, body), await post(server.url, body, throughApollo)];
    expect([direct.status, apollo.status]).toEqual([400, 400]);
    expect(direct.body).toEqual(apollo.body);
  }
  const other = { query: `query A { workers { id } } query B { ${four} }`, operationName: "A" };
  expect((await post(server.url, other)).status).toBe(200);
  const got = await fetch(`${server.url}/graphql?query=${encodeURIComponent(`{ ${four} }`)}`, {
    headers: { authorization, "apollo-require-preflight": "1" },
  });
  expect(got.status).toBe(400);
  expect((await got.json()).errors[0].extensions.code).toBe("LIMIT_EXCEEDED");
});

describe.each(streams)("a subscription over %s", (_name, ask: Ask) => {
  const first = async (query: string): Promise<Answer> => ask(server.url, query);
  const deep = `lineage { datasetVersion { dataset { ${nested(3, "first: 1000")} } } }`;

  test("counts what each event answers", async () => {
    for (const query of [
      `subscription { runs { ${deep} } }`,
      `subscription { modelEvents(model: "model-1") { run { ${deep} } } }`,
      `subscription { runs { ${aliased(600, "events(first: 1000) { nodes { kind } }")} } }`,
    ])
      expect((await first(query)).errors?.[0]?.extensions).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: operationLimits.maxNodes,
      });
    expect(
      (
        await first(
          `subscription { runs { id lineage { datasetVersion { dataset { ${nested(1, "first: 100")} } } } } }`,
        )
      ).data.runs.id,
    ).toMatch(/^run_/);
  });
});
