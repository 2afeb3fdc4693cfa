import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Api, contract, irisRows, openApi } from "./api.js";
import { registerVersions } from "./training.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
  for (const [name, changes] of [
    ["01-declare-dataset", {}],
    ["02-append-rows", { rows: irisRows(150) }],
    ["03-declare-model", {}],
    ["04-declare-optimizer", {}],
    ["01-declare-dataset", { name: "rowless" }],
    ["03-declare-model", { name: "untrained", dataset: "rowless" }],
  ] as const)
    expect(await send(name, changes)).toMatchObject({ data: expect.anything() });
  await registerVersions(api.platform.db, "iris-species", 1);
});
afterAll(() => api.close());

async function send(name: string, changes: object): Promise<Answer> {
  const { query, variables } = await contract(name);
  return api.ask(query, { ...variables, input: { ...(variables.input as object), ...changes } });
}

/** How many rows each table has. */
async function census(): Promise<unknown> {
  const tables = ["dataset", "dataset_version", "dataset_event", "model", "model_revision", "optimizer"];
  tables.push("optimizer_revision", "retraining", "retraining_revision", "run", "run_event", "alias", "model_event");
  tables.push("idempotency_key", "alias_move");
  const counts = tables.map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`);
  return api.platform.db.query(`SELECT ${counts.join(", ")}`);
}

const [row] = irisRows(1);
const dense = (fields: object) => ({ layers: [{ dense: { units: 4, ...fields } }] });
const long = "x".repeat(100_000);
const tuned = (fields: object) => ({ algorithm: { adam: fields } });

/** Operation, what is changed in it, and `path code` of every problem that this makes. */
const refusals: [string, object, string[]][] = [
  ["01-declare-dataset", { name: "1st" }, ["name BAD_NAME"]],
  ["01-declare-dataset", { name: long }, ["name BAD_NAME"]],
  ["01-declare-dataset", { name: "a\u0000b" }, ["name BAD_NAME"]],
  ["01-declare-dataset", { name: "new", features: [] }, ["features EMPTY"]],
  ["01-declare-dataset", { name: "new", description: long }, ["description TOO_LONG"]],
  [
    "01-declare-dataset",
    {
      name: "new",
      features: [
        { name: "a", type: "CATEGORY", categories: ["x"] },
        { name: "a", type: "VECTOR", shape: [0] },
      ],
      split: { train: 0.5, validation: 0.1, test: 0.1, key: "b" },
    },
    [
      "features[0].categories OUT_OF_RANGE",
      "features[1].shape[0] OUT_OF_RANGE",
      "features[1].name DUPLICATE",
      "split OUT_OF_RANGE",
      "split.key UNKNOWN_REFERENCE",
    ],
  ],
  ["01-declare-dataset", { split: { train: 0.5 } }, ["split DATASET_HAS_ROWS"]],
  [
    "01-declare-dataset",
    {
      features: [
        { name: "a", type: "NUMBER" },
        { name: "b", type: "NUMBER" },
      ],
    },
    ["features DATASET_HAS_ROWS"],
  ],

  ["02-append-rows", { dataset: "nobody" }, ["dataset UNKNOWN_REFERENCE"]],
  ["02-append-rows", { dataset: long }, ["dataset UNKNOWN_REFERENCE"]],
  ["02-append-rows", { dataset: "a\u0000b" }, ["dataset UNKNOWN_REFERENCE"]],
  ["02-append-rows", { rows: [] }, ["rows EMPTY"]],
  ["02-append-rows", { rows: [{ ...row, sepal_length: "NaN" }] }, ["rows[0].sepal_length BAD_TYPE"]],
  ["02-append-rows", { rows: [{ ...row, sepal_length: 1e39 }] }, ["rows[0].sepal_length OUT_OF_RANGE"]],
  ["02-append-rows", { rows: [row, { ...row, species: "tulip" }] }, ["rows[1].species UNKNOWN_CATEGORY"]],
  ["02-append-rows", { rows: [{ ...row, species: long }] }, ["rows[0].species UNKNOWN_CATEGORY"]],
  ["02-append-rows", { rows: [{ ...row, species: null }] }, ["rows[0].species REQUIRED"]],
  ["02-append-rows", { rows: [{ ...row, colour: "blue" }] }, ["rows[0].colour UNKNOWN_FIELD"]],
  [
    "02-append-rows",
    { rows: [{}] },
    ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"].map((name) => `rows[0].${name} REQUIRED`),
  ],

  ["03-declare-model", { dataset: "nobody" }, ["dataset UNKNOWN_REFERENCE"]],
  ["03-declare-model", { dataset: "nobody", name: "" }, ["name BAD_NAME", "dataset UNKNOWN_REFERENCE"]],
  ["03-declare-model", { target: "colour" }, ["target UNKNOWN_REFERENCE"]],
  ["03-declare-model", { inputs: ["sepal_length", "colour"] }, ["inputs[1] UNKNOWN_REFERENCE"]],
  ["03-declare-model", { inputs: ["species"] }, ["inputs[0] CONTRADICTION"]],
  ["03-declare-model", dense({ units: 0 }), ["layers[0].dense.units OUT_OF_RANGE"]],
  ["03-declare-model", { layers: [{ dropout: { rate: 1 } }] }, ["layers[0].dropout.rate OUT_OF_RANGE"]],
  ["03-declare-model", { layers: [{ flatten: {} }] }, ["layers[0].flatten CONTRADICTION"]],
  ["03-declare-model", { loss: { type: "HUBER" } }, ["loss.type CONTRADICTION"]],
  [
    "03-declare-model",
    dense({ kernelInitializerOptions: { gain: 2 } }),
    ["layers[0].dense.kernelInitializerOptions.gain CONTRADICTION"],
  ],

  ["04-declare-optimizer", { learningRate: { constant: 0 } }, ["learningRate.constant OUT_OF_RANGE"]],
  ["04-declare-optimizer", { learningRate: { constant: -1 } }, ["learningRate.constant OUT_OF_RANGE"]],
  [
    "04-declare-optimizer",
    tuned({ beta1: 1, epsilon: 0 }),
    ["beta1", "epsilon"].map((at) => `algorithm.adam.${at} OUT_OF_RANGE`),
  ],
  ["04-declare-optimizer", { clipNorm: 1 }, ["globalClipNorm CONTRADICTION"]],

  ["05-train", { model: "nobody", optimizer: "a\u0000b" }, ["model UNKNOWN_REFERENCE", "optimizer UNKNOWN_REFERENCE"]],
  [
    "05-train",
    { optimizer: "nobody", batchSize: 1_000, epochs: 0, initializeFrom: "iris-species/9" },
    [
      "optimizer UNKNOWN_REFERENCE",
      "initializeFrom UNKNOWN_REFERENCE",
      "epochs OUT_OF_RANGE",
      "batchSize BATCH_TOO_LARGE",
    ],
  ],
  ["05-train", { modelRevision: 9 }, ["modelRevision UNKNOWN_REFERENCE"]],
  ["05-train", { optimizerRevision: 9 }, ["optimizerRevision UNKNOWN_REFERENCE"]],
  ["05-train", { datasetVersion: 9 }, ["datasetVersion UNKNOWN_REFERENCE"]],
  ["05-train", { datasetVersion: 9, batchSize: null }, ["datasetVersion UNKNOWN_REFERENCE"]],
  ["05-train", { initializeFrom: "///" }, ["initializeFrom BAD_NAME"]],
  ["05-train", { earlyStopping: { monitor: "colour" } }, ["earlyStopping.monitor UNKNOWN_METRIC"]],
  ["05-train", { model: "untrained" }, ["model SPLIT_EMPTY"]],

  ["08-set-alias", { model: "nobody", alias: "latest" }, ["model UNKNOWN_REFERENCE", "alias RESERVED_NAME"]],
  ["08-set-alias", { alias: "v3", version: 9 }, ["alias RESERVED_NAME", "version UNKNOWN_REFERENCE"]],
  ["08-set-alias", { reason: "a\u0000b" }, ["reason BAD_TYPE"]],
  ["08-set-alias", { expected: 1 }, ["expected STALE"]],

  [
    "11-declare-retraining",
    { model: "nobody", optimizer: "nobody", when: { newRows: 0 } },
    ["model UNKNOWN_REFERENCE", "optimizer UNKNOWN_REFERENCE", "when.newRows OUT_OF_RANGE"],
  ],
  [
    "11-declare-retraining",
    { promote: { alias: "latest", metric: "colour", mustNotDropBy: -1 } },
    ["promote.metric UNKNOWN_METRIC", "promote.alias RESERVED_NAME", "promote.mustNotDropBy OUT_OF_RANGE"],
  ],
];

describe("a wrong input answers every problem and stores nothing", () => {
  test.each(refusals)("%s with %j", async (name, changes, expected) => {
    const before = await census();
    const { data, errors } = await send(name, changes);
    expect(errors).toBeUndefined();
    const [{ problems, changed, ...rest }] = Object.values(data) as [Answer["data"]];
    expect(problems.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`)).toEqual(expected);
    for (const { message } of problems) expect(message.length).toBeLessThan(400);
    expect(changed ?? false).toBe(false);
    expect(Object.values(rest)).toEqual([null]);
    expect(await census()).toEqual(before);
  });
});

describe("what GraphQL itself refuses stays an error and stores nothing", () => {
  test.each<[string, object]>([
    ["03-declare-model", { layers: [{ dense: { units: 4 }, flatten: {} }] }],
    ["03-declare-model", { layers: [{}] }],
    ["03-declare-model", { layers: [{ dense: null }] }],
    ["03-declare-model", dense({ units: 1.5 })],
    ["03-declare-model", dense({ activation: "NONSENSE" })],
    ["04-declare-optimizer", { algorithm: { sgd: {}, adam: {} } }],
    ["04-declare-optimizer", { learningRate: { constant: "NaN" } }],
    ["11-declare-retraining", { when: {} }],
    ["02-append-rows", { rows: ["a row"] }],
    ["05-train", { colour: "blue" }],
  ])("%s with %j", async (name, changes) => {
    const before = await census();
    const { data, errors } = await send(name, changes);
    expect(data ?? null).toBeNull();
    expect(errors?.[0]?.extensions?.code).toMatch(/^BAD_(USER_INPUT|REQUEST)$/);
    expect(await census()).toEqual(before);
  });

  test("also where the two keys are written in the document", async () => {
    const { errors } = await api.ask(
      `mutation { declareOptimizer(input: { name: "o", algorithm: { sgd: {}, adam: {} } }) { changed } }`,
    );
    expect(errors?.[0]?.extensions?.code).toBe("GRAPHQL_VALIDATION_FAILED");
  });
});

describe("a dataset that was declared anew", () => {
  test("is not trained on by a model that knew other features", async () => {
    const features = [
      { name: "sepal_length", type: "NUMBER" },
      { name: "species", type: "CATEGORY", categories: ["setosa", "tulip"] },
    ];
    await send("01-declare-dataset", { name: "moving" });
    await send("03-declare-model", { name: "left-behind", dataset: "moving" });
    expect(await send("01-declare-dataset", { name: "moving", features })).toMatchObject({
      data: { declareDataset: { changed: true } },
    });
    const { data } = await send("05-train", { model: "left-behind" });
    expect(data.train).toMatchObject({ problems: [{ path: "model", code: "STALE" }], run: null });
  });
});
