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
