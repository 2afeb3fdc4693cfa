import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

let platform: PlatformProcess;

// biome-ignore lint/suspicious/noExplicitAny: the tests look into answers as a client without types would.
async function ask(query: string, variables?: object): Promise<any> {
  const { body } = await platform.post(query, variables);
  expect(body.errors).toBeUndefined();
  return body.data;
}

async function done(mutation: string, type: string, input: object) {
  const query = `mutation ($input: ${type}!) { done: ${mutation}(input: $input) { problems { path code message } } }`;
  expect((await ask(query, { input })).done.problems).toEqual([]);
}

const declareOptimizer = (input: object) => done("declareOptimizer", "DeclareOptimizerInput", input);

/** Trains to the end, and answers the summary of the last epoch by name, and the version. */
async function train(input: object) {
  const query = "mutation ($input: TrainInput!) { train(input: $input) { problems { path code message } run { id } } }";
  const { problems, run } = (await ask(query, { input })).train;
  expect(problems).toEqual([]);
  for (;;) {
    const at = (await ask(RUN, { id: run.id })).run;
    if (["SUCCEEDED", "FAILED", "CANCELED"].includes(at.state)) {
      const summary: [string, number][] | undefined = at.summary?.map(
        ({ name, value }: { name: string; value: number }) => [name, value],
      );
      return {
        state: at.state,
        error: at.error,
        spec: at.spec,
        ref: at.version?.ref,
        summary: Object.fromEntries(summary ?? []) as Record<string, number>,
      };
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const RUN =
  "query ($id: ID!) { run(id: $id) { state error { code message } spec summary { name value } version { ref } } }";

async function predictions(ref: string, rows: object[]): Promise<number[]> {
  const query =
    "query ($model: String!, $rows: [JSONObject!]!) { predict(model: $model, rows: $rows) { predictions { value } } }";
  const { predict } = await ask(query, { model: ref, rows });
  return predict.predictions.map(({ value }: { value: number }) => value);
}

const everything = { train: 1, validation: 0, test: 0 };

beforeAll(async () => {
  platform = await startPlatformProcess();
  const numbers = ["x", "y", "w"].map((name) => ({ name, type: "NUMBER" }));
  // 33 rows of which the last one is far from the others; and 50 of which every third weighs nothing.
  const odd = Array.from({ length: 33 }, (_, row) => ({ x: 1 + (row % 4), y: row === 32 ? 100 : row % 5, w: 1 }));
  const weighted = Array.from({ length: 50 }, (_, row) => ({ x: Math.sin(row), y: 3 * Math.cos(row), w: row % 3 }));
  await done("declareDataset", "DeclareDatasetInput", { name: "odd", features: numbers, split: everything });
  await done("declareDataset", "DeclareDatasetInput", { name: "weighted", features: numbers, split: everything });
  const halves = { train: 0.5, validation: 0.5, test: 0 };
  await done("declareDataset", "DeclareDatasetInput", { name: "weightless", features: numbers, split: halves });
  await done("appendRows", "AppendRowsInput", { dataset: "odd", rows: odd });
  await done("appendRows", "AppendRowsInput", { dataset: "weighted", rows: weighted });
  await done("appendRows", "AppendRowsInput", {
    dataset: "weightless",
    rows: weighted.map((row) => ({ ...row, w: 0 })),
  });
  for (const dataset of ["odd", "weighted", "weightless"])
    await done("declareModel", "DeclareModelInput", {
      ...{ name: dataset, dataset, target: "y", inputs: ["x"], sampleWeight: "w" },
      layers: [{ dense: { units: 4, activation: "TANH" } }],
    });
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

describe("over HTTP", () => {
  it("accumulated gradients train as one batch of all their rows does, also where an epoch never has so many", async () => {
    const adam = { algorithm: { adam: {} }, learningRate: { constant: 0.05 }, weightDecay: 0.01, clipNorm: 1 };
    for (const steps of [1, 2, 64])
      await declareOptimizer({ ...adam, name: `adam-${steps}`, gradientAccumulationSteps: steps });
    const settings = { model: "odd", epochs: 20, seed: 3 };
    const [whole, pairs, never] = await Promise.all([
      train({ ...settings, optimizer: "adam-1", batchSize: 33 }),
      train({ ...settings, optimizer: "adam-2", batchSize: 32 }),
      train({ ...settings, optimizer: "adam-64", batchSize: 11 }),
    ]);
    expect(whole.spec.semantics).toBe(2);
    const rows = [{ x: 1 }, { x: 2 }, { x: 4 }];
    const expected = await predictions(whole.ref, rows);
    for (const { ref, summary } of [pairs, never]) {
      for (const [index, value] of (await predictions(ref, rows)).entries())
        expect(value).toBeCloseTo(expected[index] as number, 3);
      expect(summary.epoch_loss).toBeCloseTo(whole.summary.epoch_loss as number, 4);
    }
  });

  it("planTraining tells the updates", async () => {
    const query =
      "query ($input: TrainInput!) { planTraining(input: $input) { problems { path } plan { stepsPerEpoch steps updates } } }";
    const plan = async (optimizer: string, batchSize: number) =>
      (await ask(query, { input: { model: "odd", epochs: 20, optimizer, batchSize } })).planTraining.plan;
    expect(await plan("adam-1", 11)).toEqual({ stepsPerEpoch: 3, steps: 60, updates: 60 });
    expect(await plan("adam-2", 11)).toEqual({ stepsPerEpoch: 3, steps: 60, updates: 40 });
    expect(await plan("adam-64", 11)).toEqual({ stepsPerEpoch: 3, steps: 60, updates: 20 });
  });

  it("the same rows have one epoch_loss for every batch size, rows of weight 0 included", async () => {
    await declareOptimizer({ name: "still", algorithm: { sgd: {} }, learningRate: { constant: 1e-30 } });
    const settings = { model: "weighted", optimizer: "still", epochs: 1 };
    const trained = await Promise.all([1, 32, 50].map((batchSize) => train({ ...settings, batchSize })));
    const losses = trained.map(({ summary }) => summary.epoch_loss as number);
    for (const loss of losses) expect(loss).toBeCloseTo(losses[0] as number, 5);
    expect(losses[0]).toBeGreaterThan(0.1);
  });

  it("rows that all weigh 0 teach nothing and have no val_loss, and the training goes on", async () => {
    const { state, error, summary, ref } = await train({ model: "weightless", optimizer: "adam-1", epochs: 2 });
    expect({ state, error }).toEqual({ state: "SUCCEEDED", error: null });
    expect(Number(summary.epoch_loss)).toBeNaN();
    expect(Number(summary.val_loss)).toBeNaN();
    for (const value of await predictions(ref, [{ x: 1 }])) expect(Number.isFinite(value)).toBe(true);
  });
});

describe("weightDecayExclude over HTTP", () => {
  const query = `mutation ($input: DeclareOptimizerInput!) {
    declareOptimizer(input: $input) { changed problems { path code } optimizer { revision { number digest spec } } }
  }`;
  const declare = async (input: object) =>
    (await ask(query, { input: { name: "sparing", algorithm: { adamw: {} }, ...input } })).declareOptimizer;

  it("is a part of the optimizer that leaves others as they were", async () => {
    const plain = await declare({});
    expect(plain.optimizer.revision.spec).not.toHaveProperty("weightDecayExclude");
    expect(await declare({ weightDecayExclude: [] })).toMatchObject({ changed: false });
    const sparing = await declare({ weightDecayExclude: ["NORMALIZATION", "BIAS"] });
    expect(sparing).toMatchObject({ changed: true, problems: [] });
    expect(sparing.optimizer.revision.spec.weightDecayExclude).toEqual(["BIAS", "NORMALIZATION"]);
    expect(await declare({ weightDecayExclude: ["BIAS", "NORMALIZATION"] })).toMatchObject({ changed: false });
    expect(await train({ model: "odd", optimizer: "sparing", epochs: 1 })).toMatchObject({ state: "SUCCEEDED" });
  });

  it("needs a decay, and kinds that there are", async () => {
    const { problems } = await declare({ algorithm: { sgd: {} }, weightDecayExclude: ["BIAS"] });
    expect(problems).toEqual([{ path: "weightDecayExclude", code: "CONTRADICTION" }]);
    const { body } = await platform.post(query, {
      input: { name: "o", algorithm: { sgd: {} }, weightDecayExclude: ["KERNEL"] },
    });
    expect(body.errors?.[0]?.message).toContain("weightDecayExclude");
  });
});
