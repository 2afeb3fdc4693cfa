import { describe, expect, it } from "vitest";
import { toPredictions } from "../../src/features/predictions.js";
import { encodeInputs, fitPreprocessing } from "../../src/features/preprocessing.js";
import { validateRows } from "../../src/features/rows.js";
import { tableFromRows } from "../../src/features/table.js";
import { arrivedCategories, withArrivingCategories } from "../../src/features/values/arriving-categories.js";
import { largest } from "../../src/features/values/largest.js";
import { rowsDigest } from "../../src/segments/segment.js";
import { feature, modelOf } from "./features.js";

const open = feature("tail", "CATEGORY");
const y = feature("y", "NUMBER");
const rows = ["b", "a", "b", "c"].map((tail) => ({ tail, y: 1 }));

describe("a feature without declared categories", () => {
  it("lists the categories of rows in the order of their first rows, and any text is one", () => {
    const features = withArrivingCategories([open, y]);
    expect(validateRows(features, rows)).toEqual([]);
    const table = tableFromRows(features, rows);
    expect(arrivedCategories(features, table)).toEqual([{ feature: "tail", values: ["b", "a", "c"] }]);
    // Of another part of the rows, only those that it has.
    expect(arrivedCategories(features, tableFromRows(features, rows.slice(1, 2)))).toEqual([
      { feature: "tail", values: ["a"] },
    ]);
    const wrong = [{ tail: 5 }, { tail: "" }, { tail: "x".repeat(257) }, { tail: "\0" }, { tail: "\ud800" }, {}];
    const problems = validateRows(withArrivingCategories([open]), wrong);
    expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual([
      ...["rows[0].tail BAD_TYPE", "rows[1].tail EMPTY", "rows[2].tail TOO_LONG", "rows[3].tail BAD_TYPE"],
      ...["rows[4].tail BAD_TYPE", "rows[5].tail REQUIRED"],
    ]);
    expect(problems[5]?.message).toContain("a text of 1 to 256 characters");
  });

  it("has rows of the same digest as one that declares them, in any order of the list", () => {
    const declared = [feature("tail", "CATEGORY", { categories: ["c", "b", "a"] }), y];
    const arriving = withArrivingCategories([open, y]);
    expect(rowsDigest(arriving, tableFromRows(arriving, rows))).toBe(
      rowsDigest(declared, tableFromRows(declared, rows)),
    );
  });

  it("is OTHER, behind all categories, where the dataset's list has grown behind the model's", () => {
    const now = feature("tail", "CATEGORY", { categories: ["b", "a", "c"] });
    const table = tableFromRows([now, y], rows);
    const model = modelOf([[feature("tail", "CATEGORY", { categories: ["b", "a"] }), "ONE_HOT"]], y);
    const fitted = fitPreprocessing(model, table, [0, 1]);
    expect(() => encodeInputs(model, fitted, table)).toThrow(/unknown to the model/);
    const [input] = model.inputs as [(typeof model.inputs)[0]];
    const taking = { ...model, inputs: [{ ...input, width: 3, unseen: "OTHER" as const }] };
    expect([...encodeInputs(taking, fitted, table)]).toEqual([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]);
    const served = { ...open, categories: ["b", "a"], unseen: "OTHER" as const };
    expect(validateRows([served], [{ tail: "never seen" }])).toEqual([]);
    expect(tableFromRows([served], [{ tail: "never seen" }, { tail: "a" }]).columns.get("tail")).toEqual(
      Float64Array.of(2, 1),
    );
  });
});

describe("probabilities of many classes", () => {
  it("are those of the 100 most probable, or as many as asked for, most probable first", () => {
    const categories = Array.from({ length: 1_000 }, (_, code) => `c${code}`);
    const model = modelOf([[y, "NONE"]], feature("kind", "CATEGORY", { categories }));
    const fitted = {
      format: 1 as const,
      inputs: [{ feature: "y", method: "NONE" as const }],
      target: { feature: "kind", method: "ONE_HOT" as const },
    };
    const outputs = Float32Array.from(categories, (_, code) => ((code * 7) % 1_000) / 500_000);
    const [byDefault] = toPredictions(model, fitted, outputs, 1);
    expect(byDefault?.probabilities).toHaveLength(100);
    expect(byDefault?.probabilities?.[0]?.category).toBe(byDefault?.value);
    const [many] = toPredictions(model, fitted, outputs, 1, 300);
    expect(many?.probabilities?.slice(0, 100)).toEqual(byDefault?.probabilities);
    expect(many?.probabilities).toHaveLength(300);
  });

  it("of equal ones the first come first", () => {
    const values = [1, 3, 2, 3, 0, 3, 1];
    expect(largest(7, 4, (index) => values[index] as number)).toEqual([1, 3, 5, 2]);
    expect(largest(2, 4, (index) => values[index] as number)).toEqual([1, 0]);
  });
});
