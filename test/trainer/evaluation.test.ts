import { describe, expect, it } from "vitest";
import { fitPreprocessing } from "../../src/features/preprocessing.js";
import { tableFromRows } from "../../src/features/table.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import type { TrainingSemantics } from "../../src/language/training/training.js";
import { encodedRows } from "../../src/trainer/encoded-rows.js";
import { measureLoss, metricTargets, startMeasurement } from "../../src/trainer/evaluation.js";
import { feature, modelOf } from "../features/features.js";

/** The metrics of outputs for the rows of a table, all of them training rows. */
function measured(model: ModelSpec, values: unknown[], outputs: number[], semantics: TrainingSemantics) {
  const target = feature(model.target.feature, model.target.type, model.target);
  const table = tableFromRows(
    [target],
    values.map((value) => ({ [target.name]: value })),
  );
  const rows = Uint32Array.from(values.keys());
  const preprocessing = fitPreprocessing(model, table, rows, semantics);
  const measuring = { model, preprocessing, semantics };
  const source = encodedRows(model, preprocessing, table, rows, undefined);
  const measurement = startMeasurement(measuring, source);
  // In two batches: metrics add up.
  const { width } = model.target;
  for (const batch of [rows.subarray(0, 1), rows.subarray(1)].filter(({ length }) => length > 0)) {
    const from = (batch[0] ?? 0) * width;
    measurement.add(Float32Array.from(outputs.slice(from, from + batch.length * width)), batch);
  }
  return { targets: metricTargets(measuring, source, rows), preprocessing, values: measurement.values() };
}

const price = feature("price", "NUMBER");
const position = feature("position", "VECTOR", { shape: [2] });

describe("the targets of metrics", () => {
  const metrics: ModelSpec["metrics"] = ["R2_SCORE", "MEAN_ABSOLUTE_ERROR", "MEAN_ABSOLUTE_PERCENTAGE_ERROR"];
  const values = [0, 1, 2, 3, 1e12];

  it("are the dataset's numbers for a regression, in float64", () => {
    const {
      targets,
      preprocessing,
      values: found,
    } = measured({ ...modelOf([], price), metrics }, values, [0, 0, 0, 0, 0], 2);
    expect([...targets]).toEqual(values);
    // An output of 0 is the mean.
    const mean = (6 + 1e12) / 5;
    expect(preprocessing.target).toMatchObject({ mean: [expect.closeTo(mean, 2)] });
    const absolute = (4 * mean - 6 + (1e12 - mean)) / 5;
    const percentage = (100 / 5) * (mean / 1e-7 + (mean - 1) + (mean - 2) / 2 + (mean - 3) / 3 + (1e12 - mean) / 1e12);
    expect(found.map(({ name }) => name)).toEqual(metrics.map((name) => name.toLowerCase()));
    expect(found[0]?.value).toBeCloseTo(0, 9);
    expect((found[1]?.value ?? 0) / absolute).toBeCloseTo(1, 12);
    expect((found[2]?.value ?? 0) / percentage).toBeCloseTo(1, 12);
  });

  it("are the dataset's numbers for a vector", () => {
    const model = { ...modelOf([], position), metrics };
    const vectors = [
      [0, 1e12],
      [0.1, 1],
      [0.2, 2],
    ];
    expect([...measured(model, vectors, [0, 0, 0, 0, 0, 0], 2).targets]).toEqual(vectors.flat());
  });

  it("are one-hot classes, or 0 and 1", () => {
    const kind = modelOf([], feature("kind", "CATEGORY", { categories: ["a", "b"] }));
    const ripe = modelOf([], feature("ripe", "BINARY"));
    for (const semantics of [1, 2] as const) {
      expect([...measured(kind, ["b", "a"], [0, 1, 1, 0], semantics).targets]).toEqual([0, 1, 1, 0]);
      expect([...measured(ripe, [true, false], [1, 0], semantics).targets]).toEqual([1, 0]);
    }
  });

  it("are decoded from float32 under semantics 1, bit for bit", () => {
    const { targets, preprocessing } = measured({ ...modelOf([], price), metrics }, values, [0, 0, 0, 0, 0], 1);
    if (preprocessing.target.method !== "Z_SCORE") throw new Error("Not z-scored.");
    const [mean = 0] = preprocessing.target.mean;
    const [deviation = 1] = preprocessing.target.standardDeviation;
    expect([...targets]).toEqual(values.map((value) => Math.fround((value - mean) / deviation) * deviation + mean));
    expect(new Set(targets).size).toBe(2);
  });

  it("of a single row have no R², and say why", () => {
    expect(measured({ ...modelOf([], price), metrics: ["R2_SCORE"] }, [4], [0.5], 2).values).toEqual([
      { name: "r2_score", value: Number.NaN, undefinedReason: "there is only one row" },
    ]);
  });
});

describe("a loss", () => {
  const rows = (weight?: number[]) => ({
    ...{ x: new Float32Array(2), y: new Float32Array(2), count: 2 },
    ...(weight && { weight: Float32Array.from(weight) }),
  });

  it("is undefined if every weight is 0", () => {
    for (const computed of [0, 0.01, Number.NaN])
      expect(measureLoss("val_loss", computed, rows([0, 0]), 2)).toEqual({
        ...{ name: "val_loss", value: Number.NaN, undefinedReason: "the weight of every row is 0" },
      });
    expect(measureLoss("val_loss", 0.01, rows([0, 0]), 1)).toEqual({ name: "val_loss", value: 0.01 });
  });

  it("is the computed value if a row has a weight", () => {
    for (const weight of [undefined, [0, 1e-30], [1, 1]])
      expect(measureLoss("loss", 0.5, rows(weight), 2)).toEqual({ name: "loss", value: 0.5 });
  });
});
