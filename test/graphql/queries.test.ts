import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Platform } from "../../src/graphql/context/context.js";
import type { RowAnswer as Prediction } from "../../src/language/models/prediction.js";
import { requireVersionId } from "../../src/registry/versions.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { answer, ask, readingPlatform } from "./ask.js";
import { id, seed } from "./seed.js";

let database: TestDatabase;
let platform: Platform;
const predicted: [versionId: string, rows: unknown[]][] = [];
const prediction: Prediction = {
  value: "setosa",
  probabilities: [{ category: "setosa", probability: 1 }],
  problems: [],
};

beforeAll(async () => {
  database = await testDatabase();
  platform = readingPlatform(database.db, {
    async predictBy(reference, rows) {
      const versionId = await requireVersionId(database.db, reference);
      predicted.push([versionId, rows]);
      return { versionId, predictions: rows.map(() => prediction) };
    },
  });
  const { db } = database;
  await seed(db, 4);
  // Model 1 has the version of run 2 too, and two aliases point there; run 4 is queued and has nothing yet.
  await db.query("UPDATE model_version SET model_id = $1, model_name = 'model-1', number = 2 WHERE id = $2", [
    id("model", 1),
    id("version", 2),
  ]);
  await db.query("DELETE FROM alias WHERE version_id = $1", [id("version", 2)]);
  await db.query("UPDATE alias SET version_id = $2, previous_version_id = $1 WHERE model_id = $3", [
    id("version", 1),
    id("version", 2),
    id("model", 1),
  ]);
  await db.query(
    `INSERT INTO alias_move (model_id, name, seq, from_version_id, to_version_id, reason)
     VALUES ($1, 'champion', 2, $2, $3, 'better'), ($1, 'champion', 3, $3, NULL, 'deleted'),
            ($1, 'champion', 4, NULL, $3, 'back')`,
    [id("model", 1), id("version", 1), id("version", 2)],
  );
  await db.query("INSERT INTO alias (model_id, name, version_id) VALUES ($1, 'best', $2)", [
    id("model", 1),
    id("version", 2),
  ]);
  await db.query(
    `UPDATE run SET state = 'QUEUED', retraining_id = NULL, retry_of_id = NULL, parent_version_id = NULL, gate = NULL
     WHERE id = $1`,
    [id("run", 4)],
  );
  for (const table of ["evaluation", "artifact", "version_tag", "alias"])
    await db.query(`DELETE FROM ${table} WHERE version_id = $1`, [id("version", 4)]);
  await db.query("DELETE FROM alias_move WHERE to_version_id = $1", [id("version", 4)]);
  await db.query("DELETE FROM model_version WHERE id = $1", [id("version", 4)]);
  await db.query("DELETE FROM run_metric WHERE run_id = $1", [id("run", 1)]);
  await db.query(
    `INSERT INTO run_metric (run_id, seq, name, step, epoch, value)
     SELECT $1, i, CASE WHEN i % 2 = 0 THEN 'loss' ELSE 'accuracy' END, (i + 1) / 2, 1,
            CASE WHEN i = 4000 THEN 'NaN'::float8 ELSE i END FROM generate_series(1, 4000) i`,
    [id("run", 1)],
  );
  // One live worker; the others fell silent.
  await db.query("UPDATE worker SET heartbeat_at = now() - interval '1 minute' WHERE id <> $1", [id("worker", 1)]);
  await db.query("UPDATE run SET worker_id = $1, state = 'CANCELING' WHERE id = $2", [id("worker", 1), id("run", 2)]);
});
afterAll(() => database?.close());

const operation = (name: string) => readFile(new URL(`../contract/${name}.graphql`, import.meta.url), "utf8");

describe("the contract", () => {
  test("07: a run with its metrics, checkpoints, version and lineage", async () => {
    const { run } = await answer(platform, await operation("07-run"), { id: id("run", 1) });
    expect(run).toMatchObject({
      id: id("run", 1),
      state: "RUNNING",
      attempt: 1,
      error: null,
      progress: { epoch: 1, epochs: 1, step: 2 },
      summary: [],
      checkpoints: {
        nodes: [{ id: id("checkpoint", 1), attempt: 1, step: 2, epoch: 1, sizeBytes: 7, digest: "sha256:1" }],
      },
      version: { ref: "model-1/1", number: 1 },
      lineage: {
        datasetVersion: { number: 1, digest: "sha256:1" },
        modelRevision: { number: 1, digest: "sha256:1" },
        optimizerRevision: { number: 1, digest: "sha256:1" },
        parentVersion: { ref: "model-1/1" },
      },
    });
    // In the order asked for; metrics without points are left out.
    expect(run.metrics.map(({ name }: { name: string }) => name)).toEqual(["loss", "accuracy"]);
    expect(run.metrics[0].points.length).toBeLessThanOrEqual(200);
    expect(run.metrics[0].points.at(-1)).toEqual({ step: 2000, epoch: 1, value: "NaN" });
  });

  test("09: a version by alias, with signed links to its files", async () => {
    const { modelVersion } = await answer(platform, await operation("09-model-version"), { ref: "model-1@champion" });
    expect(modelVersion).toEqual({
      ref: "model-1/2",
      number: 2,
      aliases: ["best", "champion"],
      createdAt: "2026-01-01T12:00:00.123Z",
      digest: "sha256:2",
      evaluation: [{ split: "TEST", name: "accuracy", value: 0.02 }],
      artifacts: [
        {
          name: "weights.safetensors",
          sizeBytes: 9,
          digest: "sha256:2",
          url: "https://store.test/seeded/artifact-2?expires=900",
        },
      ],
      signature: {
        inputs: [{ name: "x", type: "NUMBER" }],
        output: { name: "y", type: "NUMBER", categories: [] },
      },
      run: { id: id("run", 2) },
    });
  });

  test("10: predictions name the version that made them", async () => {
    const rows = [{ x: 1 }, { x: 2 }];
    const { predict } = await answer(platform, await operation("10-predict"), { model: "model-1@champion", rows });
    const { problems: _, ...answered } = prediction;
    expect(predict).toEqual({ version: { ref: "model-1/2" }, predictions: [answered, answered] });
    expect(predicted.at(-1)).toEqual([id("version", 2), rows]);
  });
});

describe("what is not there is null", () => {
  test.each([
    'dataset(name: "none") { id }',
    'dataset(name: "\\u0000") { id }',
    'model(name: "none") { id }',
    'optimizer(name: "none") { id }',
    'retraining(name: "none") { id }',
    `run(id: "${id("run", 999)}") { id }`,
    'run(id: "garbage") { id }',
    'run(id: "\\u0000") { id }',
    'modelVersion(ref: "none") { id }',
    'modelVersion(ref: "model-1/3") { id }',
    'modelVersion(ref: "model-1@none") { id }',
    `node(id: "${id("version", 999)}") { id }`,
    `node(id: "${id("nothing", 1)}") { id }`,
    'node(id: "garbage") { id }',
  ])("%s", async (field) => {
    expect(await answer(platform, `{ it: ${field} }`)).toEqual({ it: null });
  });

  test("versions and revisions of another number, and all that a fresh run does not have yet", async () => {
    const data = await answer(
      platform,
      `{ dataset(name: "dataset-1") { version(number: 2) { id } latestVersion { number } }
         model(name: "model-4") { revision(number: 0) { id } zero: revision(number: -5) { id } newest: revision { number }
           latestVersion { id } alias(name: "champion") { name } aliases { name } }
         run(id: "${id("run", 4)}") { version { id } retryOf { id } retraining { id } gate { alias } worker { id }
           lineage { parentVersion { id } } } }`,
    );
    expect(data).toEqual({
      dataset: { version: null, latestVersion: { number: 1 } },
      model: { revision: null, zero: null, newest: { number: 1 }, latestVersion: null, alias: null, aliases: [] },
      run: {
        version: null,
        retryOf: null,
        retraining: null,
        gate: null,
        worker: null,
        lineage: { parentVersion: null },
      },
    });
  });
});

describe("bad input is BAD_INPUT that names the argument", () => {
  test.each([
    ['modelVersion(ref: "a/b/c") { id }', /^ref: .*"b\/c"/],
    ['modelVersion(ref: "") { id }', /^ref: .*""/],
    ['modelVersion(ref: "model-1/0") { id }', /^ref: .*"0"/],
    ['predict(model: "@champion", rows: [{}]) { version { ref } }', /^model: .*@champion/],
    ['predict(model: "model-1", rows: []) { version { ref } }', /^rows: /],
    [`run(id: "${id("run", 1)}") { metrics(maxPoints: 0) { name } }`, /^maxPoints: /],
    [`run(id: "${id("run", 1)}") { metrics(maxPoints: 10001) { name } }`, /^maxPoints: /],
    ['model(name: "model-1") { aliases { history(limit: 0) { reason } } }', /^limit: /],
  ])("%s", async (field, message) => {
    const { errors } = await ask(platform, `{ it: ${field} }`);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" }, message: expect.stringMatching(message) }]);
  });

  test("more than 1,000 nodes at once", async () => {
    const ids = Array.from({ length: 1_001 }, () => "x");
    const { errors } = await ask(platform, "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", { ids });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" }, message: expect.stringMatching(/^ids: /) }]);
  });

  test("predict of a version that is not there is NOT_FOUND", async () => {
    const { errors } = await ask(platform, '{ predict(model: "model-1/9", rows: [{}]) { version { ref } } }');
    expect(errors).toMatchObject([{ extensions: { code: "NOT_FOUND" } }]);
  });
});

test("a version is found by name, number and alias", async () => {
  const ref = async (text: string) =>
    (await answer(platform, "query ($ref: String!) { modelVersion(ref: $ref) { id } }", { ref: text })).modelVersion.id;
  expect(await ref("model-1")).toBe(id("version", 2));
  expect(await ref("model-1/1")).toBe(id("version", 1));
  expect(await ref("model-1@best")).toBe(id("version", 2));
});

test("every kind of object is found again by its id, as what it is", async () => {
  const kinds = {
    dataset: "Dataset",
    rows: "DatasetVersion",
    model: "Model",
    modelrev: "ModelRevision",
    optimizer: "Optimizer",
    optrev: "OptimizerRevision",
    retraining: "Retraining",
    retrainrev: "RetrainingRevision",
    run: "Run",
    checkpoint: "Checkpoint",
    version: "ModelVersion",
    worker: "Worker",
  };
  const ids = Object.keys(kinds).map((prefix) => id(prefix, 1));
  const data = await answer(
    platform,
    "query ($ids: [ID!]!, $id: ID!) { nodes(ids: $ids) { __typename id } node(id: $id) { ... on Run { attempt } } }",
    { ids: [...ids, "garbage", ids[0]], id: id("run", 1) },
  );
  const found = Object.values(kinds).map((type, index) => ({ __typename: type, id: ids[index] }));
  expect(data).toEqual({ nodes: [...found, null, found[0]], node: { attempt: 1 } });
});

test("metrics: all by name, some, none, and few points of many", async () => {
  const { run } = await answer(
    platform,
    `query ($id: ID!) { run(id: $id) {
      all: metrics { name points { step } }
      few: metrics(names: ["loss", "loss"], maxPoints: 10) { name points { step value } }
      one: metrics(names: ["loss"], maxPoints: 1) { points { step } }
      none: metrics(names: []) { name }
      unknown: metrics(names: ["none", "\\u0000"]) { name } } }`,
    { id: id("run", 1) },
  );
  expect(run.all.map(({ name }: { name: string }) => name)).toEqual(["accuracy", "loss"]);
  for (const { points } of run.all) expect(points.length).toBeLessThanOrEqual(1_000);
  expect(run.few).toHaveLength(1);
  expect(run.few[0].points.length).toBeLessThanOrEqual(10);
  expect(run.few[0].points.at(-1)).toEqual({ step: 2000, value: "NaN" });
  expect(run.one).toEqual([{ points: [{ step: 2000 }] }]);
  expect([run.none, run.unknown]).toEqual([[], []]);
});

test("an alias tells where it points, where it pointed, and how it moved, newest first", async () => {
  const { model } = await answer(
    platform,
    `{ model(name: "model-1") { aliases { name } alias(name: "champion") { version { ref } previous { ref } model { name }
        history { from { ref } to { ref } reason } last: history(limit: 1) { reason } } } }`,
  );
  const [one, two] = [{ ref: "model-1/1" }, { ref: "model-1/2" }];
  expect(model).toEqual({
    aliases: [{ name: "best" }, { name: "champion" }],
    alias: {
      version: two,
      previous: one,
      model: { name: "model-1" },
      history: [
        { from: null, to: two, reason: "back" },
        { from: two, to: null, reason: "deleted" },
        { from: one, to: two, reason: "better" },
        { from: null, to: one, reason: "set by hand" },
      ],
      last: [{ reason: "back" }],
    },
  });
});

test("workers are those heard from lately, with what they execute", async () => {
  const { workers } = await answer(platform, "{ workers { id runs { id state worker { host } } } }");
  const worker = { host: "host-1" };
  expect(workers).toHaveLength(1);
  expect(workers[0].id).toBe(id("worker", 1));
  expect(workers[0].runs).toHaveLength(2);
  expect(workers[0].runs).toEqual(
    expect.arrayContaining([
      { id: id("run", 1), state: "RUNNING", worker },
      { id: id("run", 2), state: "CANCELING", worker },
    ]),
  );
});

test("a policy and a run tell of each other", async () => {
  const data = await answer(
    platform,
    `{ retraining(name: "policy-1") { enabled model { name } revision { number } runs { nodes { id } } }
       run(id: "${id("run", 1)}") { retraining { name } gate { alias metric mustNotDropBy } retryOf { id } model { name } } }`,
  );
  expect(data).toEqual({
    retraining: {
      enabled: false,
      model: { name: "model-1" },
      revision: { number: 1 },
      runs: { nodes: [{ id: id("run", 1) }] },
    },
    run: {
      retraining: { name: "policy-1" },
      gate: { alias: "champion", metric: "accuracy", mustNotDropBy: 0.02 },
      retryOf: { id: id("run", 1) },
      model: { name: "model-1" },
    },
  });
});
