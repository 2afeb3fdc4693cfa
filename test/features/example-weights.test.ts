import { describe, expect, it } from "vitest";
import { exampleWeights } from "../../src/features/example-weights.js";
import type { Table } from "../../src/features/table.js";
import type { ClassWeights, ModelSpec } from "../../src/language/models/model.js";
import { updates } from "../engine/updates.js";

const { classes, weights } = updates.balanced;
const table: Table = {
  rowCount: classes.length + 1,
  columns: new Map([
    ["kind", Float64Array.from([...classes, 2])],
    ["trust", Float64Array.from([1, 0.5, 0, 2, 1, 1, 1, 3, 4])],
  ]),
};
const indices = { train: classes.map((_, row) => row), validation: [8], test: [] };
const modelOf = (classWeights: ClassWeights, sampleWeight: string | null = null) =>
  ({
    target: { feature: "kind", type: "CATEGORY", shape: [], categories: ["a", "b", "c"], scaling: "NONE", width: 3 },
    classWeights,
    sampleWeight,
  }) satisfies Pick<ModelSpec, "target" | "classWeights" | "sampleWeight">;

describe("the weights of rows", () => {
  it("are none where every row counts the same", () => {
    expect(exampleWeights(modelOf({ type: "NONE" }), table, indices, "train")).toBeUndefined();
  });

  it("of balanced classes are scikit-learn's", () => {
    expect(exampleWeights(modelOf({ type: "BALANCED" }), table, indices, "train")).toEqual(Float32Array.from(weights));
  });

  it("are those of the classes that are given, times the rows' own", () => {
    const model = modelOf({ type: "GIVEN", weights: [2, 1, 10] }, "trust");
    expect(exampleWeights(model, table, indices, "train")).toEqual(Float32Array.of(2, 0.5, 0, 2, 10, 10, 1, 6));
  });

  it("leave the classes out of validation, as Keras does, but not the rows' own", () => {
    expect(exampleWeights(modelOf({ type: "BALANCED" }), table, indices, "validation")).toBeUndefined();
    expect(exampleWeights(modelOf({ type: "BALANCED" }, "trust"), table, indices, "validation")).toEqual(
      Float32Array.of(4),
    );
  });

  it.each([-1, Number.NaN, 1e39])("that are %d are refused with the feature and the row", (bad) => {
    const columns = new Map([...table.columns, ["trust", Float64Array.from([1, bad, 1, 1, 1, 1, 1, 1, 1])]]);
    const weigh = () => exampleWeights(modelOf({ type: "NONE" }, "trust"), { ...table, columns }, indices, "train");
    expect(weigh).toThrow(/"trust" .* row 1 has/);
  });
});
