import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { answer, noPredictions, readingPlatform } from "./ask.js";
import { seed } from "./seed.js";

const few = 1;
const many = 50;
let small: TestDatabase;
let large: TestDatabase;

beforeAll(async () => {
  [small, large] = await Promise.all([testDatabase(), testDatabase()]);
  await Promise.all([seed(small.db, few), seed(large.db, many)]);
});
afterAll(() => Promise.all([small?.close(), large?.close()]));

/** How many statements one query sends to Postgres, and the answer. */
async function statements({ db }: TestDatabase, query: string) {
  const platform = readingPlatform(db, noPredictions);
  const sent = vi.spyOn(pg.Query.prototype, "submit");
  try {
    const data = await answer(platform, query);
    // A connection that is opened meanwhile sets its limits first.
    const asked = (sent.mock.contexts as (pg.Query & { text?: string })[]).filter(
      ({ text }) => !text?.startsWith("SET "),
    );
    return { data, count: asked.length };
  } finally {
    sent.mockRestore();
  }
}

const page = (fields: string, args = "first: 50") =>
  `(${args}) { edges { cursor node { id } } nodes { ${fields} } totalCount
     pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
const events = "events(first: 50) { nodes { kind from to attempt message at } totalCount pageInfo { hasNextPage } }";
const version = "id ref number digest createdAt";
const datasetVersion = "id number rowCount digest splitCounts { train }";
const modelRevision = "id number digest parameterCount spec model { id }";
const optimizerRevision = "id number digest spec optimizer { name }";
const retrainingRevision = "id number digest spec retraining { name }";

const runFields = `id state attempt error { code } progress { step } spec summary { name value } createdAt
  model { name } metrics(maxPoints: 10) { name points { step epoch value } }
  named: metrics(names: ["loss"]) { name } checkpoints ${page("id step sizeBytes run { id }")} ${events}
  version { ${version} } retryOf { id } retraining { name } worker { id host } device { kind name } queuePosition queueReason { code } project priority dependsOn { id } gate { alias metric mustNotDropBy }
  lineage { datasetVersion { ${datasetVersion} } modelRevision { ${modelRevision} }
    optimizerRevision { ${optimizerRevision} } parentVersion { ${version} } }`;
const aliasFields = `name movedAt model { name } version { ${version} } previous { ref }
  history(limit: 5) { from { ref } to { ref } reason at }`;
const versionFields = `${version} aliases evaluation { split name value } artifacts { name sizeBytes digest url }
  tags { key value } signature { inputs { name type } output { name } } parameterCount
  run { ${runFields} } model { name } modelRevision { ${modelRevision} }`;
const modelFields = `id name description createdAt dataset { name }
  revision { ${modelRevision} } first: revision(number: 1) { id } revisions ${page(modelRevision)}
  latestVersion { ref } versions ${page(versionFields)} aliases { ${aliasFields} } alias(name: "champion") { name }
  runs ${page(runFields)} retrainings ${page("name enabled")}`;
const retrainingFields = `id name enabled model { name } revision { ${retrainingRevision} }
  revisions ${page(retrainingRevision)} runs ${page("id state")}`;
const datasetFields = `id name digest features { name type } split { train key }
  latestVersion { ${datasetVersion} dataset { name } } version(number: 1) { id } versions ${page(datasetVersion)}
  models ${page(modelFields)}`;
const optimizerFields = `id name revision { ${optimizerRevision} } first: revision(number: 1) { id }
  revisions ${page(optimizerRevision)}`;

const filtered = {
  versions: `first: 50, filter: { or: [{ alias: { eq: "champion" } }, { tag: { key: "team" } }],
    evaluation: { name: "accuracy", gte: 0 } }, orderBy: { field: EVALUATION, evaluation: { name: "accuracy" } }`,
  runs: `last: 50, filter: { state: { in: [RUNNING] }, model: { startsWith: "model-" } },
    orderBy: { field: UPDATED_AT, direction: DESC }`,
};

const lists: [name: string, query: string][] = [
  ["datasets", `{ list: datasets ${page(datasetFields)} }`],
  ["models", `{ list: models ${page(modelFields)} }`],
  ["optimizers", `{ list: optimizers ${page(optimizerFields)} }`],
  ["retrainings", `{ list: retrainings ${page(retrainingFields)} }`],
  ["runs", `{ list: runs ${page(runFields)} }`],
  ["runs, filtered and from the end", `{ list: runs ${page(runFields, filtered.runs)} }`],
  ["modelVersions", `{ list: modelVersions ${page(versionFields)} }`],
  ["modelVersions, filtered and by measurement", `{ list: modelVersions ${page(versionFields, filtered.versions)} }`],
  [
    "workers",
    `{ workers { id host slots heartbeatAt devices { kind name memoryBytes busySlots } runs { ${runFields} } } }`,
  ],
  [
    "nested filtered connections",
    `{ list: models { nodes { versions(${filtered.versions}) { nodes { id } totalCount } runs(${filtered.runs}) { nodes { id } } } } }`,
  ],
];

test.each(lists)("the number of statements for %s does not depend on its length", async (_name, query) => {
  const [short, long] = [await statements(small, query), await statements(large, query)];
  const length = ({ data }: typeof short) => (data.workers ?? data.list.nodes).length;
  expect([length(short), length(long)]).toEqual([few, many]);
  expect(long.count).toBe(short.count);
});

test("the number of statements for nodes of one kind does not depend on how many are asked for", async () => {
  const ids = (await statements(large, "{ runs { nodes { id } } }")).data.runs.nodes.map(
    (run: { id: string }) => run.id,
  );
  const nodes = (some: string[]) =>
    statements(large, `{ nodes(ids: ${JSON.stringify(some)}) { id ... on Run { ${runFields} } } }`);
  expect((await nodes(ids)).count).toBe((await nodes(ids.slice(0, 1))).count);
});

test("what is not selected is not read", async () => {
  expect((await statements(large, "{ runs { totalCount } }")).count).toBe(1);
  expect((await statements(large, "{ runs { nodes { id } } }")).count).toBe(1);
  expect((await statements(large, "{ runs { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }")).count).toBe(1);
  expect((await statements(large, "{ runs { nodes { id } totalCount } }")).count).toBe(2);
});

test("the number of statements for runs that wait does not depend on how many do", async () => {
  const query = "{ runs { nodes { queuePosition queueReason { code message } } } }";
  const counts = [];
  for (const database of [small, large]) {
    await database.db.query("UPDATE run SET state = 'QUEUED', worker_id = NULL");
    const { data, count } = await statements(database, query);
    expect(data.runs.nodes.every((run: { queuePosition: number }) => run.queuePosition > 0)).toBe(true);
    counts.push(count);
  }
  expect(counts).toEqual([4, 4]);
});
