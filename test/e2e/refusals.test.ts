import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

const numbers = [
  { name: "x", type: "NUMBER" },
  { name: "y", type: "NUMBER" },
];
const long = "x".repeat(100_000);
const operations = {
  declareDataset: "mutation($input: DeclareDatasetInput!) { done: declareDataset(input: $input) { PROBLEMS changed } }",
  appendRows: "mutation($input: AppendRowsInput!) { done: appendRows(input: $input) { PROBLEMS } }",
  declareModel: "mutation($input: DeclareModelInput!) { done: declareModel(input: $input) { PROBLEMS } }",
  declareOptimizer: "mutation($input: DeclareOptimizerInput!) { done: declareOptimizer(input: $input) { PROBLEMS } }",
  train: "mutation($input: TrainInput!) { done: train(input: $input) { PROBLEMS run { id } } }",
  setAlias: "mutation($input: SetAliasInput!) { done: setAlias(input: $input) { PROBLEMS } }",
};
type Operation = keyof typeof operations;

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
  const rows = Array.from({ length: 200 }, (_, index) => ({ x: index, y: 3 * index + 1 }));
  for (const [operation, input] of [
    ["declareDataset", { name: "line", features: numbers }],
    ["appendRows", { dataset: "line", rows }],
    ["declareModel", { name: "line", dataset: "line", target: "y", layers: [] }],
    ["declareOptimizer", { name: "adam", algorithm: { adam: {} } }],
    [
      "declareOptimizer",
      {
        name: "runaway",
        algorithm: { sgd: {} },
        learningRate: { exponentialDecay: { initial: 1e-4, decaySteps: 20, decayRate: 6 } },
      },
    ],
  ] as [Operation, object][])
    expect(await problems(operation, input)).toEqual([]);
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

function send(operation: Operation, input: object) {
  return platform.post(operations[operation].replace("PROBLEMS", "problems { path code }"), { input });
}

/** `path code` of every problem. */
async function problems(operation: Operation, input: object): Promise<string[]> {
  const { body } = await send(operation, input);
  expect(body.errors).toBeUndefined();
  return body.data.done.problems.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`);
}

/** Everything that a refused request must leave as it was. */
async function census() {
  const { body } = await platform.post(`{
    datasets { totalCount nodes { name latestVersion { number rowCount } versions { totalCount } } }
    models { totalCount nodes { revisions { totalCount } aliases { name } } }
    optimizers { totalCount nodes { revisions { totalCount } } } runs { totalCount } modelVersions { totalCount }
  }`);
  return body.data;
}

describe("what JSON can carry and JavaScript cannot write is refused over HTTP, and nothing is stored", () => {
  it.each<[string, string]>([
    ["a number beyond all floats", `{"x": 1e999, "y": 1}`],
    ["a __proto__ key within a value", `{"x": {"__proto__": 1}, "y": 1}`],
    ["a value nested 100,000 deep", `{"x": ${"[".repeat(100_000)}${"]".repeat(100_000)}, "y": 1}`],
  ])("%s", async (_, row) => {
    const before = await census();
    const response = await fetch(`${platform.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${platform.key}` },
      body: `{"query": "mutation($rows: [JSONObject!]!) { appendRows(input: { dataset: \\"line\\", rows: $rows }) { problems { path } } }", "variables": {"rows": [{"x": 1, "y": 1}, ${row}]}}`,
    });
    const { errors } = (await response.json()) as { errors: { message: string; extensions: { code: string } }[] };
    expect(response.status).toBe(400);
    expect(errors[0]?.extensions.code).toBe("BAD_USER_INPUT");
    expect(errors[0]?.message).toContain("rows[1]");
    expect(await census()).toEqual(before);
  });
});

describe("a wrong input names its field over HTTP, and nothing is stored", () => {
  it.each<[Operation, object, string[]]>([
    [
      "appendRows",
      { dataset: "line", rows: [{ x: long, y: null, z: 1 }] },
      ["x BAD_TYPE", "y REQUIRED", "z UNKNOWN_FIELD"],
    ],
    [
      "appendRows",
      { dataset: "line", rows: [JSON.parse('{"__proto__": {"x": 1, "y": 1}}')] },
      ["x REQUIRED", "y REQUIRED", "__proto__ UNKNOWN_FIELD"],
    ],
    ["train", { model: "line", optimizer: "adam", epochs: 1, batchSize: 100_000 }, ["batchSize BATCH_TOO_LARGE"]],
    [
      "declareOptimizer",
      { name: "o", algorithm: { adam: {} }, learningRate: { constant: -1 } },
      ["learningRate.constant OUT_OF_RANGE"],
    ],
    ["setAlias", { model: "line", alias: "champion", version: 1 }, ["version UNKNOWN_REFERENCE"]],
    // What one request may store.
    [
      "train",
      {
        ...{ model: "line", optimizer: "adam", epochs: 1_000_000, priority: 1 },
        checkpoint: { everySteps: 1, keep: { latest: 2_000_000_000 } },
      },
      ["checkpoint.keep.latest OUT_OF_RANGE", "checkpoint.everySteps OUT_OF_RANGE"],
    ],
    [
      "train",
      { model: "line", optimizer: "adam", epochs: 1_000_000, checkpoint: { everyEpochs: 1, keep: { every: 1 } } },
      ["checkpoint.everyEpochs OUT_OF_RANGE"],
    ],
    [
      "train",
      { model: "line", optimizer: "adam", epochs: 10_000, checkpoint: { everySteps: 1, keep: { every: 1 } } },
      ["checkpoint.keep.every OUT_OF_RANGE"],
    ],
    ["train", { model: "line", optimizer: "adam", epochs: 1_000_000, batchSize: 1 }, ["epochs OUT_OF_RANGE"]],
    [
      "declareOptimizer",
      { name: "o", algorithm: { adam: {} }, learningRate: { reduceOnPlateau: { initial: 1, monitor: long } } },
      ["learningRate.reduceOnPlateau.monitor TOO_LONG"],
    ],
    [
      "declareOptimizer",
      { name: "o", algorithm: { adam: {} }, idempotencyKey: "k".repeat(201) },
      ["idempotencyKey TOO_LONG"],
    ],
  ])("%s %#", async (operation, input, expected) => {
    const before = await census();
    const found = await problems(operation, input);
    expect(found.map((problem) => problem.replace("rows[0].", ""))).toEqual(expected);
    expect(await census()).toEqual(before);
  });
});

describe("many clients at once", () => {
  it("declare one name: one of them stores it, and all get it", async () => {
    const declare = () => send("declareDataset", { name: "at-once", features: numbers });
    const answers = await Promise.all(Array.from({ length: 30 }, declare));
    expect(answers.filter(({ body }) => body.data.done.changed)).toHaveLength(1);
    for (const { body } of answers) expect(body.data.done.problems).toEqual([]);
  });

  it("append with one idempotency key: the rows arrive once", async () => {
    const input = { dataset: "at-once", rows: [{ x: 1, y: 1 }], idempotencyKey: "once" };
    await Promise.all(Array.from({ length: 10 }, () => problems("appendRows", input)));
    const { body } = await platform.post(`{ dataset(name: "at-once") { latestVersion { number rowCount } } }`);
    expect(body.data.dataset.latestVersion).toEqual({ number: 1, rowCount: 1 });
  });
});

it("a training that diverges fails as DIVERGED and keeps its last good checkpoint, and the server stays up", async () => {
  const checkpoint = { everyEpochs: 1 };
  const { body } = await send("train", { model: "line", optimizer: "runaway", epochs: 200, batchSize: 16, checkpoint });
  const runId = body.data.done.run.id;
  let cursor: string | undefined;
  for await (const { data } of platform.subscribe("subscription($id: ID!) { runMetrics(runId: $id) { cursor } }", {
    id: runId,
  }))
    cursor = data.runMetrics.cursor;
  const told = await platform.post(
    "query($id: ID!) { run(id: $id) { state error { code } version { ref } checkpoints { totalCount } } }",
    { id: runId },
  );
  expect(told.body.data.run).toMatchObject({ state: "FAILED", error: { code: "DIVERGED" }, version: null });
  expect(told.body.data.run.checkpoints.totalCount).toBeGreaterThan(0);

  const other = "run_00000000-0000-0000-0000-000000000000";
  for (const [id, after, code] of [
    [other, undefined, "NOT_FOUND"],
    [runId, "garbage", "BAD_CURSOR"],
    [runId, `${cursor}0`, "BAD_CURSOR"],
  ]) {
    const query = "subscription($id: ID!, $after: String) { runMetrics(runId: $id, after: $after) { cursor } }";
    const { value } = await platform.subscribe(query, { id, after }).next();
    expect(value.errors[0].extensions.code).toBe(code);
  }
});

describe("a request nested beyond reason", () => {
  const depth = 20_000;
  it.each([
    [
      "in its variables",
      "query($f: RunFilter) { runs(filter: $f) { totalCount } }",
      `{"f":${'{"not":'.repeat(depth)}{}${"}".repeat(depth)}}`,
    ],
    ["in its text", `{ runs(filter: ${"[".repeat(4_000)}${"]".repeat(4_000)}) { totalCount } }`, "{}"],
  ])("%s is refused, and the server goes on", async (_, query, variables) => {
    const response = await fetch(`${platform.url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${platform.key}` },
      body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
    });
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    expect(errors[0]?.extensions.code).toMatch(/^(LIMIT_EXCEEDED|GRAPHQL_VALIDATION_FAILED|GRAPHQL_PARSE_FAILED)$/);
    expect((await platform.post("{ runs { totalCount } }")).status).toBe(200);
  });
});
