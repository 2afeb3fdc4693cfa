import { describe, expect, it, test } from "vitest";
import { tableFromRows } from "../../src/features/table.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveRetraining } from "../../src/language/retraining/resolve-retraining.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import { describeSketch } from "../../src/profile/profile.js";
import { sketchTable } from "../../src/profile/sketches/feature-sketch.js";
import { suggest } from "../../src/profile/suggest/suggest.js";
import { resolved } from "../language/declarations.js";

const features: FeatureDeclaration[] = [
  { name: "id", type: "NUMBER" },
  { name: "passport", type: "CATEGORY", categories: Array.from({ length: 400 }, (_, row) => `P${row}`) },
  { name: "planet", type: "CATEGORY", categories: ["Earth", "Mars"] },
  { name: "age", type: "NUMBER" },
  { name: "income", type: "NUMBER" },
  { name: "children", type: "NUMBER" },
  { name: "city", type: "CATEGORY", categories: ["Kyiv", "Lviv", "Odesa"] },
  { name: "note", type: "TEXT" },
  { name: "left", type: "BINARY" },
  { name: "tier", type: "CATEGORY", categories: ["a", "b", "c"] },
  { name: "churn", type: "CATEGORY", categories: ["Yes", "No"] },
  { name: "grade", type: "CATEGORY", categories: ["good", "bad"] },
];
const dataset = resolved(resolveDataset({ name: "people", features }));

/** @param leaving how many of the 400 rows are true. */
function profileOf(leaving: number) {
  const rows = Array.from({ length: 400 }, (_, row) => ({
    id: row + 1_000,
    passport: `P${row}`,
    planet: "Earth",
    age: 20 + ((row * 7) % 50),
    income: Math.exp(((row * 0.618) % 1) * 12),
    children: row % 40 === 0 ? 9 : 0,
    city: ["Kyiv", "Lviv", "Odesa"][row % 3],
    note: `some longer note about person ${row % 90} of this table`,
    left: row < leaving,
    tier: ["a", "b", "c"][(row * 7) % 3],
    churn: (row * 7) % 400 < 240 ? "Yes" : "No",
    grade: (row * 11) % 400 < leaving ? "bad" : "good",
  }));
  const profile = describeSketch(sketchTable(dataset.features, tableFromRows(dataset.features, rows)));
  return { dataset: "people", rowCount: profile.rowCount, columns: profile.features };
}

interface Suggested {
  model: {
    inputs: string[];
    preprocessing: { feature: string; method: string }[];
    metrics: string[];
    classWeights?: object;
    positiveCategory?: string;
    threshold?: object;
  };
  training: { batchSize: number; earlyStopping: { monitor: string; patience: number; restoreBest: boolean } };
  retraining: { promote: { metric: string } };
}
const suggested = (leaving: number, target: string) => suggest(profileOf(leaving), target) as unknown as Suggested;

describe("a suggestion", () => {
  it("leaves out identifiers, constants and the target, and preprocesses numbers by their shape", () => {
    const { model } = suggested(200, "left");
    expect(model.inputs).toEqual(["age", "income", "children", "city", "note", "tier", "churn", "grade"]);
    expect(Object.fromEntries(model.preprocessing.map(({ feature, method }) => [feature, method]))).toEqual({
      income: "QUANTILE",
      children: "MIN_MAX",
      note: "TF_IDF",
    });
  });

  it("keeps far values far where a number is predicted: neither ranks nor clips them", () => {
    const { model } = suggested(200, "age");
    expect(Object.fromEntries(model.preprocessing.map(({ feature, method }) => [feature, method]))).toEqual({
      children: "MIN_MAX",
      note: "TF_IDF",
    });
  });

  it("gives the inputs to the output beside the hidden layers, and holds small tables back more than large ones", () => {
    const { columns } = profileOf(200);
    const decay = (rowCount: number, target: string) => {
      const { model, optimizer } = suggest({ dataset: "people", rowCount, columns }, target) as unknown as {
        model: { layers: { parallel: { branches: object[][]; merge: string } }[] };
        optimizer: { algorithm: { adamw: { weightDecay: number } } };
      };
      expect(model.layers).toHaveLength(1);
      const { branches, merge } = model.layers[0]?.parallel ?? { branches: [], merge: "" };
      expect([branches.length, branches[0], merge]).toEqual([2, [], "CONCATENATE"]);
      return optimizer.algorithm.adamw.weightDecay;
    };
    expect([decay(400, "left"), decay(400, "age"), decay(229_000, "left")]).toEqual([1, 0.5, 0.01]);
  });

  it("leaves out what it is told to", () => {
    const told = suggest({ ...profileOf(200), except: ["city", "note"] }, "left") as unknown as Suggested;
    expect(told.model.inputs).toEqual(["age", "income", "children", "tier", "churn", "grade"]);
  });

  test.each([
    ["even classes", 200, "left", ["ACCURACY", "AUC"], "val_loss", "auc", undefined],
    ["a rare class", 20, "left", ["ACCURACY", "AUC", "AUC_PR", "F1_SCORE"], "val_loss", "auc", undefined],
    ["three classes", 200, "tier", ["ACCURACY", "F1_SCORE"], "val_loss", "f1_score", undefined],
    [
      ...(["numbers", 200, "age"] as const),
      ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR", "R2_SCORE"],
      ...(["val_loss", "r2_score", undefined] as const),
    ],
  ] as const)("measures and watches what fits %s", (_, leaving, target, metrics, monitor, gate, classWeights) => {
    const { model, training, retraining } = suggested(leaving, target);
    expect(model.metrics).toEqual(metrics);
    expect(model.classWeights).toEqual(classWeights);
    expect(training.earlyStopping).toMatchObject({ monitor, restoreBest: true });
    expect(training.earlyStopping.patience).toBeGreaterThanOrEqual(10);
    expect(retraining.promote.metric).toBe(gate);
  });

  it("names the positive one of two categories, and asks for a threshold where it is rare", () => {
    const said = (leaving: number, target: string) => {
      const { positiveCategory, threshold, metrics } = suggested(leaving, target).model;
      return { positiveCategory, threshold, metrics };
    };
    const rare = { threshold: { method: "BEST_F1" }, metrics: ["ACCURACY", "AUC", "AUC_PR", "F1_SCORE"] };
    expect(said(40, "grade")).toEqual({ positiveCategory: "bad", ...rare });
    expect(said(160, "grade")).toEqual({ positiveCategory: "bad", threshold: undefined, metrics: ["ACCURACY", "AUC"] });
    // A yes is what one asks about, although it is the more frequent.
    expect(said(160, "churn")).toMatchObject({ positiveCategory: "Yes", threshold: undefined });
    expect(said(20, "left")).toEqual({ positiveCategory: undefined, ...rare });
    expect(said(160, "tier")).toMatchObject({ positiveCategory: undefined, threshold: undefined });
  });

  it("has no metric of two classes where the list has a third that does not occur", () => {
    const { columns, ...table } = profileOf(160);
    const listed = columns.map((column) => ({ ...column, ...(column.name === "grade" && { listed: 3 }) }));
    const { model } = suggest({ ...table, columns: listed }, "grade") as unknown as Suggested;
    expect(model.metrics).toEqual(["ACCURACY", "F1_SCORE"]);
    expect(model).not.toHaveProperty("positiveCategory");
  });

  test.each(["left", "tier", "age", "churn", "grade"])("for %s can be declared and trained as it stands", (target) => {
    const suggestion = suggest(profileOf(20), target);
    if (!suggestion) throw new Error("Nothing was suggested.");
    const model = resolved(resolveModel(suggestion.model as never, dataset));
    const optimizer = resolved(resolveOptimizer(suggestion.optimizer as never));
    const { model: modelName, optimizer: optimizerName, ...training } = suggestion.training;
    expect([modelName, optimizerName]).toEqual([suggestion.model.name, suggestion.optimizer.name]);
    const counts = { train: 320, validation: 40, test: 40 };
    resolved(resolveTraining(training as never, model, counts, optimizer.learningRate));
    resolved(resolveRetraining(suggestion.retraining as never, model));
  });

  it("is sized by the table: 229,000 rows are no batches of 32", () => {
    const columns = profileOf(200).columns;
    const large = suggest({ dataset: "flights", rowCount: 229_000, columns }, "age") as unknown as Suggested;
    expect(large.training.batchSize).toBe(2_048);
    expect(suggested(200, "left").training.batchSize).toBe(16);
  });

  it("is null for a target that no model predicts, for none, and without an input", () => {
    expect(suggest(profileOf(200), "note")).toBeNull();
    expect(suggest(profileOf(200), "nothing")).toBeNull();
    const { columns, ...table } = profileOf(200);
    const none = columns.filter(({ name }) => ["planet", "left"].includes(name));
    expect(suggest({ ...table, columns: none }, "left")).toBeNull();
  });
});
