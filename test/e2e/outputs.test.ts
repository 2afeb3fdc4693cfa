import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "../support/workbench.js";
import { clientOf } from "./client.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

const { ask, send, accept } = clientOf(() => platform);

beforeAll(() =>
  accept("declareOptimizer", "DeclareOptimizerInput", {
    name: "adam",
    algorithm: { adam: {} },
    learningRate: { constant: 0.02 },
  }),
);

/** Queues a run by a mutation, and answers it when it has ended well. */
async function ended(field: string, type: string, input: object) {
  const { run } = await accept(field, type, input, "run { id }");
  const read = () => ask("query ($id: ID!) { run(id: $id) { state error { message } reproduction { agrees } } }", run);
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await read()).run.state));
  const found = (await read()).run;
  expect(found).toMatchObject({ state: "SUCCEEDED", error: null });
  return found;
}

const train = (model: string, epochs: number) =>
  ended("train", "TrainInput", { model, optimizer: "adam", epochs, batchSize: 32 });

/** The kind of the event that ends the history of a policy's first run, with its reason. */
async function verdictOf(model: string) {
  const events = platform.subscribe(
    "subscription ($model: String!) { modelEvents(model: $model) { kind reason version { ref } } }",
    { model },
  );
  try {
    for await (const { data } of events) {
      const { kind, version } = data.modelEvents;
      if (version?.ref === `${model}/2` && ["ALIAS_MOVED", "PROMOTION_REFUSED"].includes(kind)) return data.modelEvents;
    }
  } finally {
    events.close();
  }
}

/** A policy that fine-tunes the champion on new rows. */
async function keepFresh(model: string, metric: string) {
  await accept("setAlias", "SetAliasInput", { model, alias: "champion", version: 1 });
  await accept("declareRetraining", "DeclareRetrainingInput", {
    ...{ name: model, model, optimizer: "adam", when: { newRows: 20 } },
    train: { fineTune: { from: "champion", epochs: 1, batchSize: 32 } },
    promote: { alias: "champion", metric, mustNotDropBy: 1_000 },
  });
}

it("quantiles are trained, measured, predicted, reproduced, and pass a gate", async () => {
  const features = [
    { name: "x", type: "NUMBER" },
    { name: "y", type: "NUMBER" },
  ];
  // y is evenly from 1,000 x to 1,000 x + 100: its quantile q is 1,000 x + 100 q.
  const rows = Array.from({ length: 500 }, (_, row) => {
    const x = (row * 7) % 5;
    return { x, y: 1_000 * x + ((row * 37) % 101) };
  });
  await accept("declareDataset", "DeclareDatasetInput", { name: "delays", features, split: { test: 0.3 } });
  await accept("appendRows", "AppendRowsInput", { dataset: "delays", rows });
  const declared = { name: "delays", dataset: "delays", target: "y", layers: [] };
  await accept("declareModel", "DeclareModelInput", {
    ...declared,
    loss: { type: "PINBALL", quantiles: [0.1, 0.5, 0.9] },
  });
  await train("delays", 150);

  const { modelVersion } = await ask(`{ modelVersion(ref: "delays/1") {
    evaluation { split name value } quantileEvaluation { quantile pinballLoss shareBelow }
    train: quantileEvaluation(split: TRAIN) { quantile } } }`);
  const tested = Object.fromEntries(
    modelVersion.evaluation.flatMap(({ split, name, value }: { split: string; name: string; value: number }) =>
      split === "TEST" ? [[name, value]] : [],
    ),
  );
  expect(Object.keys(tested).sort()).toEqual(["interval_coverage", "loss", "mean_pinball_loss"]);
  expect(tested.interval_coverage).toBeGreaterThan(0.65);
  expect(tested.interval_coverage).toBeLessThan(0.95);
  const [low, median, high] = modelVersion.quantileEvaluation;
  expect([low.quantile, median.quantile, high.quantile]).toEqual([0.1, 0.5, 0.9]);
  expect((low.pinballLoss + median.pinballLoss + high.pinballLoss) / 3).toBeCloseTo(tested.mean_pinball_loss, 9);
  expect(low.shareBelow).toBeLessThan(0.3);
  expect(high.shareBelow).toBeGreaterThan(0.7);
  expect(modelVersion.train).toBeNull();

  const query = `{ predict(model: "delays", rows: [{ x: 0 }, { x: 4 }, { x: "no" }]) {
    predictions { value quantiles { quantile value } probabilities { category } problems { path } } } }`;
  const { predictions } = (await ask(query)).predict;
  for (const [index, from] of [0, 4_000].entries()) {
    const { value, quantiles, probabilities } = predictions[index];
    const values = quantiles.map((each: { value: number }) => each.value);
    expect(quantiles.map((each: { quantile: number }) => each.quantile)).toEqual([0.1, 0.5, 0.9]);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(value).toBe(values[1]);
    expect(Math.abs(value - from - 50)).toBeLessThan(40);
    expect(probabilities).toBeNull();
  }
  expect(predictions[2]).toMatchObject({ value: null, quantiles: null, problems: [{ path: "rows[2].x" }] });

  expect((await ended("reproduceVersion", "ReproduceVersionInput", { ref: "delays/1" })).reproduction).toEqual({
    agrees: true,
  });
  await keepFresh("delays", "mean_pinball_loss");
  await accept("appendRows", "AppendRowsInput", { dataset: "delays", rows: rows.slice(0, 30) });
  expect(await verdictOf("delays")).toMatchObject({
    kind: "ALIAS_MOVED",
    reason: expect.stringContaining("mean_pinball_loss"),
  });
});

it("a single quantile needs no list, and a wrong one is told by its path", async () => {
  const query = `mutation { declareModel(input: { name: "late", dataset: "delays", target: "y", layers: [],
    loss: { type: PINBALL, quantiles: 0.9 } }) { problems { path } model { revision { spec } } } }`;
  const { problems, model } = (await ask(query)).declareModel;
  expect(problems).toEqual([]);
  expect(model.revision.spec).toMatchObject({ target: { width: 1, quantiles: [0.9] }, metrics: ["MEAN_PINBALL_LOSS"] });
  const wrong = {
    name: "late",
    dataset: "delays",
    target: "y",
    layers: [],
    loss: { type: "PINBALL", quantiles: [0.9, 0.1] },
  };
  expect((await send("declareModel", "DeclareModelInput", wrong)).problems).toEqual([
    { path: "loss.quantiles[1]", code: "OUT_OF_RANGE", message: "must be above the quantile before, got 0.1." },
  ]);
});

it("labels are imported, trained, measured, predicted, reproduced, and pass a gate", async () => {
  // A film is long or funny, both or neither; who likes it follows from its moods.
  const films = Array.from({ length: 300 }, (_, row) => {
    const [long, funny] = [row % 2 === 0, row % 3 === 0];
    const moods = [...(long ? ["slow"] : ["quick"]), ...(funny ? ["light"] : [])];
    return { moods, minutes: long ? 160 : 90, liked: [...(long ? ["critics"] : []), ...(funny ? ["children"] : [])] };
  });
  const file = async (text: string) => {
    const { upload } = await accept("createUpload", "CreateUploadInput", { fileName: "films" }, "upload { id url }");
    const put = await fetch(new URL(upload.url, platform.url), { method: "PUT", body: text });
    expect(put.status).toBeLessThan(300);
    return upload.id as string;
  };
  const asJson = await file(films.map((film) => JSON.stringify(film)).join("\n"));
  const query =
    'query ($id: ID!) { inferDataset(upload: $id, name: "films", target: "liked") { features { name type } } }';
  const { features } = (await ask(query, { id: asJson })).inferDataset;
  expect(features.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
    ["moods", "LABELS"],
    ["minutes", "NUMBER"],
    ["liked", "LABELS"],
  ]);

  await accept("declareDataset", "DeclareDatasetInput", {
    name: "films",
    features: [
      { name: "moods", type: "LABELS", nullable: true },
      { name: "minutes", type: "NUMBER" },
      { name: "liked", type: "LABELS", nullable: true },
    ],
    split: { test: 0.2 },
  });
  const written = (list: string[]) => list.join("|");
  const lines = films.map(
    ({ moods, minutes, liked }) => `${written(moods)},${minutes},${liked.length > 0 ? written(liked) : "[]"}`,
  );
  // A field that is empty is a missing value; such a row trains nothing.
  const upload = await file(["moods,minutes,liked", ...lines, "quick,90,"].join("\n"));
  const { import: started } = await accept(
    "importUpload",
    "ImportUploadInput",
    { dataset: "films", upload },
    "import { id }",
  );
  const state = async () =>
    (await ask("query ($id: ID!) { import(id: $id) { state problems { message } } }", { id: started.id })).import;
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await state()).state));
  expect(await state()).toMatchObject({ state: "SUCCEEDED" });
  const { dataset } = await ask(`{ dataset(name: "films") { features { name type categoryCount } } }`);
  expect(dataset.features.map((feature: { categoryCount: number }) => feature.categoryCount)).toEqual([3, null, 2]);

  const declared = { name: "likes", dataset: "films", target: "liked", layers: [] };
  await accept("declareModel", "DeclareModelInput", {
    ...{ ...declared, metrics: ["MICRO_F1_SCORE", "MACRO_F1_SCORE", "SUBSET_ACCURACY", "HAMMING_LOSS"] },
  });
  await train("likes", 60);
  const { modelVersion } = await ask(`{ modelVersion(ref: "likes/1") { evaluation { split name value }
    signature { output { name type } } labelEvaluation { label rowCount precision recall f1Score } quantileEvaluation { quantile } } }`);
  const measured = (name: string) =>
    modelVersion.evaluation.find((each: { split: string; name: string }) => each.split === "TEST" && each.name === name)
      ?.value;
  expect([
    measured("micro_f1_score"),
    measured("macro_f1_score"),
    measured("subset_accuracy"),
    measured("hamming_loss"),
  ]).toEqual([1, 1, 1, 0]);
  expect(modelVersion.labelEvaluation).toEqual(
    ["critics", "children"].map((label) => expect.objectContaining({ label, precision: 1, recall: 1, f1Score: 1 })),
  );
  expect(modelVersion.quantileEvaluation).toBeNull();

  const rows = [
    { moods: ["slow", "light"], minutes: 160 },
    { moods: ["quick", "never seen"], minutes: 90 },
    { moods: null, minutes: 160 },
    { moods: "quick|light", minutes: 90 },
    { moods: ["light", "light"], minutes: 90 },
  ];
  const { predictions } = (
    await ask(
      `query ($rows: [JSONObject!]!) { predict(model: "likes", rows: $rows) {
        predictions { value probabilities { category probability } one: probabilities(top: 1) { category } problems { path code } } } }`,
      { rows },
    )
  ).predict;
  expect(predictions.map(({ value }: { value: unknown }) => value)).toMatchObject(
    [["critics", "children"], [], ["critics"], ["children"], null].map((value) => value ?? null),
  );
  const [both] = predictions;
  expect(both.probabilities.map(({ category }: { category: string }) => category)).toEqual(["critics", "children"]);
  for (const { probability } of both.probabilities) expect(probability).toBeGreaterThan(0.5);
  expect(predictions[3].one).toEqual([{ category: "children" }]);
  expect(predictions[4].problems).toEqual([{ path: "rows[4].moods[1]", code: "DUPLICATE" }]);

  const { reproduction } = await ended("reproduceVersion", "ReproduceVersionInput", { ref: "likes/1" });
  expect(reproduction).toEqual({ agrees: true });
  await keepFresh("likes", "micro_f1_score");
  // A label that the champion does not know: the fine-tune keeps its list, and leaves such rows out.
  const newcomers = films.slice(0, 30).map((film, index) => (index === 0 ? { ...film, liked: ["nobody"] } : film));
  await accept("appendRows", "AppendRowsInput", { dataset: "films", rows: newcomers });
  expect(await verdictOf("likes")).toMatchObject({ kind: "ALIAS_MOVED" });
  const profile = await ask(
    `{ datasetProfile(dataset: "films") { features { name topValues { value count } meanLength } } }`,
  );
  expect(profile.datasetProfile.features[0].topValues[0]).toEqual({ value: "quick", count: 166 });
  const first = await ask(`{ datasetRows(dataset: "films", first: 1) { nodes { values } } }`);
  expect(first.datasetRows.nodes[0].values).toEqual(films[0]);
}, 120_000);
