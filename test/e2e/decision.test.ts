import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { assignSplit } from "../../src/features/split.js";
import type { SplitPart } from "../../src/language/datasets/dataset.js";
import { until } from "../support/workbench.js";
import { clientOf } from "./client.js";
import { type PlatformProcess, removeData, startPlatformProcess } from "./platform-process.js";

/** Two classes, told apart by a threshold and with a temperature that are found on validation rows, from training to the file. */

let platform: PlatformProcess;
beforeAll(async () => {
  platform = await startPlatformProcess();
  await accept("declareOptimizer", "DeclareOptimizerInput", { name: "adam", algorithm: { adam: {} } });
});
afterAll(async () => {
  await platform?.stop();
  await removeData(platform);
});

const { ask, send, accept } = clientOf(() => platform);

const split = { train: 0.5, validation: 0.25, test: 0.25, key: "key", seed: 0 };

interface Row {
  key: string;
  age: number;
  load: number;
  churn: string;
}

/** One in four says yes, more of the young with much load. The first row says yes, so that it is the first category. */
function customers(from: number, count: number): Row[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const [age, load] = [20 + ((number * 37) % 61), ((number * 53) % 100) / 100];
    const noise = ((number * 7919) % 101) / 101;
    const churn = number === 0 || load - age / 80 + noise > 0.95 ? "yes" : "no";
    return { key: `customer-${number}`, age, load, churn };
  });
}

const features = (churn: object = {}) => [
  { name: "key", type: "TEXT" },
  { name: "age", type: "NUMBER" },
  { name: "load", type: "NUMBER" },
  { name: "churn", type: "CATEGORY", ...churn },
];

const metrics = ["ACCURACY", "PRECISION", "RECALL", "F1_SCORE", "AUC", "AUC_PR", "LOG_LOSS", "BRIER_SCORE"];
const declareModel = (name: string, changes: object = {}) =>
  send("declareModel", "DeclareModelInput", {
    ...{ name, dataset: "customers", target: "churn", inputs: ["age", "load"], metrics },
    layers: [{ dense: { units: 32, activation: "RELU" } }],
    ...changes,
  });

async function ended(id: string) {
  const read = async () =>
    (
      await ask(
        "query ($id: ID!) { run(id: $id) { state error { message } version { ref } reproduction { agrees reason } } }",
        { id },
      )
    ).run;
  await until(async () => ["SUCCEEDED", "FAILED"].includes((await read()).state));
  const run = await read();
  expect(run).toMatchObject({ state: "SUCCEEDED", error: null });
  return run;
}

const training = { optimizer: "adam", epochs: 60, batchSize: 32, device: "CPU" };
async function train(input: object) {
  const { run } = await accept("train", "TrainInput", { ...training, ...input }, "run { id }");
  return ended(run.id);
}

const versionOf = async (ref: string) =>
  (
    await ask(
      `query ($ref: String!) { modelVersion(ref: $ref) {
        decision { positiveCategory threshold temperature } evaluation { split name value } artifacts { name url } } }`,
      { ref },
    )
  ).modelVersion;

/** The probability of "yes" and the answer, for each row. */
async function predict(model: string, rows: Row[]): Promise<{ yes: number; value: string }[]> {
  const { predict: answered } = await ask(
    `query ($model: String!, $rows: [JSONObject!]!) { predict(model: $model, rows: $rows) {
      predictions { value probabilities { category probability } problems { code } } } }`,
    { model, rows: rows.map(({ age, load }) => ({ age, load })) },
  );
  return answered.predictions.map(
    ({ value, probabilities }: { value: string; probabilities: { category: string; probability: number }[] }) => ({
      value,
      yes: probabilities.find(({ category }) => category === "yes")?.probability ?? Number.NaN,
    }),
  );
}

const partOf = (rows: Row[], part: SplitPart) => rows.filter(({ key }) => assignSplit(split, 0, key) === part);

/** What is measured of answers, by the definitions. */
function measure(rows: Row[], answers: { yes: number; value: string }[]) {
  const count = (holds: (value: string, churn: string) => boolean) =>
    rows.filter(({ churn }, row) => holds(answers[row]?.value ?? "", churn)).length;
  const hits = count((value, churn) => value === "yes" && churn === "yes");
  const predicted = count((value) => value === "yes");
  const actual = count((_, churn) => churn === "yes");
  const mean = (of: (yes: number, isYes: boolean) => number) =>
    rows.reduce((sum, { churn }, row) => sum + of(answers[row]?.yes ?? Number.NaN, churn === "yes"), 0) / rows.length;
  return {
    accuracy: count((value, churn) => value === churn) / rows.length,
    precision: hits / predicted,
    recall: hits / actual,
    f1_score: (2 * hits) / (predicted + actual),
    log_loss: mean((yes, isYes) => -Math.log(isYes ? yes : 1 - yes)),
    brier_score: mean((yes, isYes) => (yes - Number(isYes)) ** 2),
  };
}

const first = customers(0, 400);

describe("a threshold and a temperature", () => {
  const declared = { positiveCategory: "yes", threshold: { method: "BEST_F1" }, calibration: "TEMPERATURE" };
  // biome-ignore lint/suspicious/noExplicitAny: what a query answers.
  let version: any;

  beforeAll(async () => {
    await accept("declareDataset", "DeclareDatasetInput", { name: "customers", features: features(), split });
    await accept("appendRows", "AppendRowsInput", { dataset: "customers", rows: first });
    expect((await declareModel("churn", declared)).problems).toEqual([]);
    expect((await declareModel("plain")).problems).toEqual([]);
    await Promise.all([train({ model: "churn" }), train({ model: "plain" })]);
    version = await versionOf("churn/1");
  });

  it("are stored with the version and decide what it answers and what is measured of it", async () => {
    const { positiveCategory, threshold, temperature } = version.decision;
    expect(positiveCategory).toBe("yes");
    expect(temperature).not.toBe(1);
    for (const part of ["validation", "test"] as const) {
      const rows = partOf(first, part);
      const answers = await predict("churn/1", rows);
      expect(answers.map(({ value }) => value)).toEqual(answers.map(({ yes }) => (yes > threshold ? "yes" : "no")));
      for (const [name, value] of Object.entries(measure(rows, answers))) {
        const found = version.evaluation.find(
          (each: { name: string; split: string }) => each.name === name && each.split === part.toUpperCase(),
        );
        expect(found.value, `${part} ${name}`).toBeCloseTo(value, 6);
      }
    }
    // The same weights without either.
    const plain = await versionOf("plain/1");
    expect(plain.decision).toEqual({ positiveCategory: "no", threshold: null, temperature: null });
    const [raw, answers] = [await predict("plain/1", first), await predict("churn/1", first)];
    const logit = (probability: number) => Math.log(probability / (1 - probability));
    for (const [row, { yes, value }] of raw.entries()) {
      expect(value).toBe(yes > 0.5 ? "yes" : "no");
      expect(logit(answers[row]?.yes ?? 0)).toBeCloseTo(logit(yes) / temperature, 3);
    }
  });

  it("are the best ones for the validation rows", async () => {
    const rows = partOf(first, "validation");
    const answers = await predict("churn/1", rows);
    const f1At = (threshold: number) =>
      measure(
        rows,
        answers.map(({ yes }) => ({ yes, value: yes > threshold ? "yes" : "no" })),
      ).f1_score;
    const best = Math.max(...answers.map(({ yes }) => f1At(yes - 1e-6)));
    expect(f1At(version.decision.threshold)).toBeCloseTo(best, 12);
    const lossAt = (factor: number) =>
      measure(
        rows,
        answers.map(({ yes, value }) => ({ value, yes: 1 / (1 + ((1 - yes) / yes) ** factor) })),
      ).log_loss;
    expect(lossAt(1)).toBeLessThan(lossAt(0.99));
    expect(lossAt(1)).toBeLessThan(lossAt(1.01));
  });

  it("are in model.onnx", async () => {
    const { url } = version.artifacts.find(({ name }: { name: string }) => name === "model.onnx");
    const session = await InferenceSession.create(new Uint8Array(await (await fetch(url)).arrayBuffer()));
    const column = (of: (row: Row) => number) => new Tensor("float64", first.map(of), [first.length, 1]);
    const { label, probabilities } = await session.run({
      age: column(({ age }) => age),
      load: column(({ load }) => load),
    });
    const answers = await predict("churn/1", first);
    expect([...(label?.data ?? [])]).toEqual(answers.map(({ value }) => value));
    for (const [row, { yes }] of answers.entries()) expect(probabilities?.data[2 * row] as number).toBeCloseTo(yes, 6);
    await session.release();
  });

  it("are found again by a reproduction and by a fine-tuning, also from a revision without them", async () => {
    const { run } = await accept("reproduceVersion", "ReproduceVersionInput", { ref: "churn/1" }, "run { id }");
    expect((await ended(run.id)).reproduction).toMatchObject({ agrees: true });
    const { version: tuned } = await train({ model: "churn", initializeFrom: "churn/1", epochs: 5 });
    const { decision } = await versionOf(tuned.ref);
    expect(decision.positiveCategory).toBe("yes");
    expect(decision.temperature).not.toBe(version.decision.temperature);
    expect((await declareModel("churn", { positiveCategory: "yes", threshold: { value: 0.25 } })).problems).toEqual([]);
    const fixed = await train({ model: "churn", initializeFrom: "churn/1", epochs: 1 });
    expect((await versionOf(fixed.version.ref)).decision).toEqual({
      ...{ positiveCategory: "yes", threshold: 0.25, temperature: null },
    });
    const answers = await predict(fixed.version.ref, first);
    expect(answers.map(({ value }) => value)).toEqual(answers.map(({ yes }) => (yes > 0.25 ? "yes" : "no")));
  });

  it("decide what a gate measures of either version", async () => {
    await accept("setAlias", "SetAliasInput", { model: "churn", alias: "champion", version: 1 });
    await accept("declareRetraining", "DeclareRetrainingInput", {
      ...{ name: "fresh", model: "churn", optimizer: "adam", when: { newRows: 100 } },
      train: { fineTune: { from: "champion", epochs: 2, batchSize: 32, replay: { fraction: 0.5 } } },
      promote: { alias: "champion", metric: "f1_score", mustNotDropBy: 1 },
    });
    const later = customers(400, 120);
    await accept("appendRows", "AppendRowsInput", { dataset: "customers", rows: later });
    const events = platform.subscribe(
      "subscription ($model: String!) { modelEvents(model: $model) { kind reason version { ref } } }",
      { model: "churn" },
    );
    let reason = "";
    for await (const { data } of events) {
      reason = data.modelEvents.reason ?? "";
      if (reason.includes("against")) break;
    }
    events.close();
    const rows = partOf([...first, ...later], "test");
    const champion = measure(rows, await predict("churn/1", rows)).f1_score;
    expect(reason).toContain(`against the champion's ${Number(champion.toPrecision(4))} on the same test rows`);
  });
});

describe("what cannot be decided", () => {
  it("is refused when it is queued or planned: no validation rows, a third category", async () => {
    const rows = customers(0, 40);
    await accept("declareDataset", "DeclareDatasetInput", {
      ...{ name: "few", features: features({ categories: ["no", "yes"] }) },
      split: { train: 0.8, validation: 0, test: 0.2 },
    });
    await accept("appendRows", "AppendRowsInput", { dataset: "few", rows });
    await declareModel("few", { dataset: "few", threshold: { recallAtPrecision: 0.9 } });
    const problem = {
      path: "model",
      code: "SPLIT_EMPTY",
      message: "its threshold is found on validation rows, and this dataset version has none.",
    };
    expect((await send("train", "TrainInput", { model: "few", ...training })).problems).toEqual([problem]);
    const planned = await ask(
      "query ($input: TrainInput!) { planTraining(input: $input) { problems { path code message } } }",
      { input: { model: "few", ...training } },
    );
    expect(planned.planTraining.problems).toEqual([problem]);

    await accept("declareDataset", "DeclareDatasetInput", { name: "open", features: features(), split });
    expect((await declareModel("open", { dataset: "open", metrics: ["AUC"] })).problems).toEqual([]);
    const third = { ...(rows[0] as Row), key: "third", churn: "maybe" };
    await accept("appendRows", "AppendRowsInput", { dataset: "open", rows: [...rows, third] });
    expect((await send("train", "TrainInput", { model: "open", ...training, batchSize: 8 })).problems).toEqual([
      {
        path: "model",
        code: "CONTRADICTION",
        message:
          "with the categories of the dataset, metrics[0] AUC needs a target with two categories, and this one has 3.",
      },
    ]);
  });
});
