import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendRows } from "../../src/datasets/append.js";
import { declareDataset } from "../../src/datasets/declare.js";
import { createMetric } from "../../src/engine/metrics/metrics.js";
import { classOf } from "../../src/features/predictions.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import type { Predictor } from "../../src/serving/predictor.js";
import { accepted, openWorkbench, type Workbench } from "../support/workbench.js";
import { openPlanner, openPredictor, type Served, serve, servedVersions } from "./served.js";

let bench: Workbench;
let predictor: Predictor;
let plans: ReturnType<typeof openPlanner>;
let served: Served;

const colors = ["red", "green", "blue"];
const whole = { size: 2, color: "red", id: 3, note: "as it came", weight: 1, sold: true, price: 7 };

async function declare(name: string, target: string, inputs: string[], layers: LayerDeclaration[] = []) {
  const preprocessing = inputs
    .filter((input) => input === "id")
    .map((feature) => ({ feature, method: "NONE" as const }));
  const declaration = { name, dataset: "things", target, inputs, layers, preprocessing, sampleWeight: "weight" };
  await accepted(declareModel(bench.db, declaration));
}

beforeAll(async () => {
  bench = await openWorkbench();
  const features = [
    { name: "size", type: "NUMBER" as const },
    { name: "color", type: "CATEGORY" as const, categories: colors },
    { name: "id", type: "NUMBER" as const },
    { name: "note", type: "TEXT" as const },
    { name: "weight", type: "NUMBER" as const },
    { name: "sold", type: "BINARY" as const },
    { name: "price", type: "NUMBER" as const },
  ];
  await accepted(declareDataset(bench.db, { name: "things", features }));
  await accepted(appendRows(bench.db, bench.store, { dataset: "things", rows: [whole] }));
  await accepted(declareOptimizer(bench.db, { name: "adam", algorithm: { adam: {} } }));
  await declare("price", "price", ["size", "color"]);
  await declare("sold", "sold", ["size"]);
  await declare("by-id", "price", ["id"], [{ embedding: { inputDim: 8, outputDim: 2 } }, { flatten: {} }]);
  await declare("color", "color", ["size"]);
  // size + 100 for red
  const price = { "output/kernel": Float32Array.of(1, 100, 0, 0), "output/bias": Float32Array.of(0) };
  await servedVersions(bench, "price", 1, { parameters: () => price });
  // The logit is the size: of size 0, the probability is exactly one half.
  const sold = { "output/kernel": Float32Array.of(1), "output/bias": Float32Array.of(0) };
  await servedVersions(bench, "sold", 1, { parameters: () => sold });
  await servedVersions(bench, "by-id", 1);
  const color = { "output/kernel": Float32Array.of(0, 1, 1), "output/bias": Float32Array.of(0, 0, 0) };
  await servedVersions(bench, "color", 1, { parameters: () => color });
  predictor = openPredictor(bench);
  plans = openPlanner(bench.db);
  served = await serve(bench, { predictor, planner: plans });
});
afterAll(async () => {
  await served?.close();
  await Promise.all([predictor?.close(), plans?.close()]);
  await bench?.close();
});

const query = `query ($model: String!, $rows: [JSONObject!]!) {
  predict(model: $model, rows: $rows) { predictions { value probabilities { category probability } problems { path code message } } }
}`;
const ask = (model: string, rows: unknown[]) => served.ask(query, { model, rows });
async function predictions(model: string, rows: unknown[]) {
  const { data, errors } = await ask(model, rows);
  expect(errors).toBeUndefined();
  return data.predict.predictions;
}
const answered = (value: unknown) => ({ value, probabilities: null, problems: [] });
const refused = (...problems: [path: string, code: string][]) => ({
  ...{ value: null, probabilities: null },
  problems: problems.map(([path, code]) => ({ path, code, message: expect.any(String) })),
});

describe("rows of the model's dataset", () => {
  it("are answered as they are: features that the model does not use are not looked at", async () => {
    const odd = { ...whole, id: "not a number", note: 17, weight: null, sold: "yes", price: {} };
    expect(await predictions("price", [whole, odd])).toEqual([answered(102), answered(102)]);
  });

  it("a field that is no feature of the dataset is a problem of its row", async () => {
    const rows = [whole, { ...whole, extra: 1 }, { size: 1, color: "blue" }];
    const [first, second, third] = await predictions("price", rows);
    expect([first, third]).toEqual([answered(102), answered(1)]);
    expect(second).toEqual(refused(["rows[1].extra", "UNKNOWN_FIELD"]));
  });
});

describe("rows that cannot be answered", () => {
  it("do not refuse the others: one unseen category among a thousand rows", async () => {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      size: index,
      color: index === 700 ? "mauve" : "blue",
    }));
    const found = await predictions("price", rows);
    expect(found[700]).toEqual(refused(["rows[700].color", "UNKNOWN_CATEGORY"]));
    expect(found[700].problems[0].message).toContain('one of red, green or blue, got "mauve"');
    expect(found.filter((_: unknown, index: number) => index !== 700)).toEqual(
      rows.filter((_, index) => index !== 700).map(({ size }) => answered(size)),
    );
  });

  it("have every problem of theirs, and each at least one however many there are", async () => {
    const rows = Array.from({ length: 400 }, (_, index) =>
      index % 2 ? { size: "big", colour: 1 } : { size: index, color: "blue" },
    );
    const found = await predictions("price", rows);
    expect(found[1]).toEqual(
      refused(["rows[1].size", "BAD_TYPE"], ["rows[1].color", "REQUIRED"], ["rows[1].colour", "UNKNOWN_FIELD"]),
    );
    for (const [index, prediction] of found.entries()) {
      if (index % 2 === 0) expect(prediction).toEqual(answered(index));
      else {
        expect(prediction.value).toBeNull();
        expect(prediction.problems[0].path).toBe(`rows[${index}].size`);
      }
    }
    // One problem and a word that there are more.
    expect(found[399].problems).toHaveLength(2);
    expect(found[399].problems[1]).toMatchObject({ path: "rows[399]", message: "This row has more problems." });
  });

  it("are of any kind, and no objects at all", async () => {
    const { data } = await served.ask(
      `query ($rows: [JSONObject!]!) { predict(model: "price", rows: $rows) { predictions { value problems { path } } } }`,
      { rows: [{}, { size: 1e39, color: "red" }, { size: 1, color: "red" }] },
    );
    expect(data.predict.predictions).toEqual([
      { value: null, problems: [{ path: "rows[0].size" }, { path: "rows[0].color" }] },
      { value: null, problems: [{ path: "rows[1].size" }] },
      { value: 101, problems: [] },
    ]);
    const [first, second] = await predictor
      .predictBy("price", ["row", { size: 1, color: "red" }])
      .then((answer) => answer.predictions);
    expect([first?.problems[0]?.path, second?.value]).toEqual(["rows[0]", 101]);
  });

  it("because they are too large for the model, or hold no id that it knows", async () => {
    expect(await predictions("price", [{ size: 3e38, color: "red" }, whole])).toHaveLength(2);
    const beyond = { "output/kernel": Float32Array.of(3e38, 0, 0, 0), "output/bias": Float32Array.of(0) };
    await servedVersions(bench, "price", 1, { parameters: () => beyond });
    expect(
      await predictions("price/2", [
        { size: 10, color: "red" },
        { size: 0, color: "red" },
      ]),
    ).toEqual([refused(["rows[0]", "OUT_OF_RANGE"]), answered(0)]);
    const found = await predictions("by-id", [{ id: 9 }, { id: 7 }, { id: 0.5 }]);
    expect([found[0], found[2]]).toEqual([refused(["rows[0]", "OUT_OF_RANGE"]), refused(["rows[2]", "OUT_OF_RANGE"])]);
    expect(found[0].problems[0].message).toMatch(/^feature "id" holds 9, .* from 0 to 7/);
    expect(found[1].problems).toEqual([]);
    expect(Number.isFinite(found[1].value)).toBe(true);
  });

  it("refuse the request where no row is left, with as many problems as are listed", async () => {
    const { data, errors } = await ask("price", [{ size: 1 }, { size: 1, color: "mauve" }]);
    expect(data).toBeNull();
    expect(errors?.[0]?.extensions).toMatchObject({
      code: "INVALID_ROWS",
      problems: [{ path: "rows[0].color" }, { path: "rows[1].color" }],
    });
    const many = await ask(
      "price",
      Array.from({ length: 3_000 }, () => ({})),
    );
    const { problems } = many.errors?.[0]?.extensions ?? {};
    expect(problems).toHaveLength(101);
    expect(problems[100]).toMatchObject({
      path: "rows",
      message: "2,950 more rows have problems that are not listed.",
    });
    expect((await ask("by-id", [{ id: 9 }])).errors?.[0]?.extensions.code).toBe("INVALID_ROWS");
  });
});

describe("a probability of exactly one half", () => {
  it("is answered false, as it is measured", async () => {
    const [half, above] = await predictions("sold", [{ size: 0 }, { size: 0.001 }]);
    expect(half).toMatchObject({ value: false, probabilities: [{ probability: 0.5 }, { probability: 0.5 }] });
    expect(above.value).toBe(true);
    const accuracy = createMetric("ACCURACY", { type: "BINARY", width: 1 });
    accuracy.update(Float64Array.of(0.5), Float64Array.of(0));
    expect(accuracy.score().value).toBe(1);
  });

  it("and of several equal categories the first is the answer, as it is measured", async () => {
    const [prediction] = await predictions("color", [{ size: 1 }]);
    expect(prediction.value).toBe("green");
    const accuracy = createMetric("ACCURACY", { type: "CATEGORY", width: 3 });
    accuracy.update(Float64Array.of(0.25, 0.375, 0.375, 0.25, 0.375, 0.375), Float64Array.of(0, 1, 0, 0, 0, 1));
    expect([accuracy.score().value, classOf([0.25, 0.375, 0.375], 0, 3)]).toEqual([0.5, 1]);
  });
});
