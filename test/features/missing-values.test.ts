import { describe, expect, test } from "vitest";
import { encodeInputs, fitPreprocessing } from "../../src/features/preprocessing.js";
import { type Table, tableFromRows } from "../../src/features/table.js";
import { encodingChecks, leftOutChecks, rowChecks } from "../../src/features/unusable-rows.js";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolved } from "../language/declarations.js";

type Cells = readonly unknown[];

/** A model of one nullable feature `x`, with rows that have these values of it, of which all are training rows. */
function modelOf(
  x: Omit<FeatureDeclaration, "name">,
  values: Cells,
  preprocessing: NonNullable<ModelDeclaration["preprocessing"]>[number] | null = null,
  layers: ModelDeclaration["layers"] = x.type === "IMAGE" ? [{ flatten: {} }] : [],
): { model: ModelSpec; table: Table } {
  const dataset = resolved(
    resolveDataset({
      name: "rows",
      features: [
        { ...x, name: "x", nullable: true },
        { name: "y", type: "NUMBER", nullable: true },
      ],
    }),
  );
  const declaration: ModelDeclaration = { name: "m", dataset: "rows", target: "y", layers };
  const model = resolved(
    resolveModel({ ...declaration, ...(preprocessing && { preprocessing: [preprocessing] }) }, dataset),
  );
  return {
    model,
    table: tableFromRows(
      dataset.features,
      values.map((value, row) => ({ x: value, y: row })),
    ),
  };
}

function encoded({ model, table }: ReturnType<typeof modelOf>): number[][] {
  const rows = Array.from({ length: table.rowCount }, (_, row) => row);
  const all = encodeInputs(model, fitPreprocessing(model, table, rows), table);
  const width = model.inputs[0]?.width ?? 0;
  return rows.map((row) => [...all.subarray(row * width, (row + 1) * width)]);
}

const categories = ["red", "green", "blue"];

describe("a missing value", () => {
  test.each<[string, Omit<FeatureDeclaration, "name">, object, Cells, number[][]]>([
    // The median of 1, 2 and 9 is 2; mean 4 and deviation sqrt(38 / 3) are those of what is there.
    [
      "NUMBER by NONE",
      { type: "NUMBER" },
      { method: "NONE" },
      [1, null, 9, 2],
      [
        [1, 0],
        [2, 1],
        [9, 0],
        [2, 0],
      ],
    ],
    [
      "NUMBER of an even count",
      { type: "NUMBER" },
      { method: "NONE" },
      [1, 4, null],
      [
        [1, 0],
        [4, 0],
        [2.5, 1],
      ],
    ],
    [
      "NUMBER by MIN_MAX",
      { type: "NUMBER" },
      { method: "MIN_MAX" },
      [0, null, 4, 1],
      [
        [0, 0],
        [0.25, 1],
        [1, 0],
        [0.25, 0],
      ],
    ],
    [
      "NUMBER by MEDIAN",
      { type: "NUMBER" },
      { method: "NONE", missing: "MEDIAN" },
      [1, null, 9, 2],
      [[1], [2], [9], [2]],
    ],
    ["NUMBER by MEAN", { type: "NUMBER" }, { method: "NONE", missing: "MEAN" }, [1, null, 9, 2], [[1], [4], [9], [2]]],
    [
      "NUMBER by MOST_FREQUENT",
      { type: "NUMBER" },
      { method: "NONE", missing: "MOST_FREQUENT" },
      [9, 1, null, 9, 1, 3],
      [[9], [1], [1], [9], [1], [3]],
    ],
    [
      "NUMBER by CONSTANT",
      { type: "NUMBER" },
      { method: "NONE", missing: "CONSTANT", missingValue: "-7" },
      [1, null],
      [[1], [-7]],
    ],
    [
      "VECTOR",
      { type: "VECTOR", shape: [2] },
      { method: "NONE" },
      [[1, 10], null, [3, 50], [2, 30]],
      [
        [1, 10, 0],
        [2, 30, 1],
        [3, 50, 0],
        [2, 30, 0],
      ],
    ],
    [
      "BINARY",
      { type: "BINARY" },
      {},
      [true, null, false],
      [
        [1, 0],
        [0, 1],
        [0, 0],
      ],
    ],
    [
      "BINARY by CONSTANT",
      { type: "BINARY" },
      { missing: "CONSTANT", missingValue: "true" },
      [false, null],
      [[0], [1]],
    ],
    [
      "CATEGORY",
      { type: "CATEGORY", categories },
      {},
      ["red", null, "blue"],
      [
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 0, 1, 0],
      ],
    ],
    [
      "CATEGORY that counts OTHER",
      { type: "CATEGORY", categories },
      { unseen: "OTHER" },
      ["red", null, "blue"],
      [
        [1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1],
        [0, 0, 1, 0, 0],
      ],
    ],
    [
      "CATEGORY by ORDINAL",
      { type: "CATEGORY", categories },
      { method: "ORDINAL" },
      ["red", null, "blue"],
      [[0], [3], [2]],
    ],
    [
      "CATEGORY by EMBEDDING",
      { type: "CATEGORY", categories },
      { method: "EMBEDDING" },
      ["red", null, "blue"],
      [[0], [3], [2]],
    ],
    [
      "CATEGORY by MOST_FREQUENT",
      { type: "CATEGORY", categories },
      { missing: "MOST_FREQUENT" },
      ["blue", null, "red", "blue"],
      [
        [0, 0, 1],
        [0, 0, 1],
        [1, 0, 0],
        [0, 0, 1],
      ],
    ],
    [
      "CATEGORY by CONSTANT",
      { type: "CATEGORY", categories },
      { missing: "CONSTANT", missingValue: "green" },
      ["red", null],
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
    ],
    [
      "IMAGE by CONSTANT",
      { type: "IMAGE", shape: [1, 2, 1] },
      { method: "NONE", missing: "CONSTANT", missingValue: "3" },
      [[1, 2], null],
      [
        [1, 2],
        [3, 3],
      ],
    ],
    [
      "SEQUENCE",
      { type: "SEQUENCE" },
      { method: "NONE", maxLength: 2 },
      [[1, 2], null, []],
      [
        [1, 2],
        [0, 0],
        [0, 0],
      ],
    ],
    [
      "TEXT",
      { type: "TEXT" },
      { method: "MULTI_HOT", maxTokens: 2 },
      ["a", null, "b a"],
      [
        [0, 1, 0],
        [0, 0, 0],
        [0, 1, 1],
      ],
    ],
    [
      "TIMESTAMP",
      { type: "TIMESTAMP" },
      { method: "MIN_MAX" },
      ["1970-01-01", null, "1970-01-05", "1970-01-02"],
      [
        [0, 0],
        [0.25, 1],
        [1, 0],
        [0.25, 0],
      ],
    ],
  ])("of a %s", (_, x, preprocessing, values, expected) => {
    expect(encoded(modelOf(x, values, { feature: "x", ...preprocessing }))).toEqual(expected);
  });

  test("takes no part in the statistics of an input", () => {
    const { model, table } = modelOf({ type: "NUMBER" }, [1, null, 3, null]);
    expect(fitPreprocessing(model, table, [0, 1, 2, 3]).inputs).toEqual([
      { feature: "x", method: "Z_SCORE", mean: [2], standardDeviation: [1], fill: [2] },
    ]);
  });

  test("is 0 where no training row has a value, and the others stay as they are", () => {
    for (const type of ["NUMBER", "BINARY", "TIMESTAMP", "TEXT", "SEQUENCE"] as const) {
      const { model, table } = modelOf({ type }, [null, null]);
      const { inputs } = fitPreprocessing(model, table, [0, 1]);
      expect(JSON.stringify(inputs)).not.toContain("null");
      expect(encoded({ model, table }).flat().every(Number.isFinite)).toBe(true);
    }
    expect(
      encoded(modelOf({ type: "CATEGORY", categories }, [null], { feature: "x", missing: "MOST_FREQUENT" })),
    ).toEqual([[1, 0, 0]]);
  });

  test("of an id is one of the ids that training rows have", () => {
    const layers = [{ embedding: { inputDim: 9, outputDim: 2 } }, { flatten: {} }];
    const { model, table } = modelOf({ type: "NUMBER" }, [2, 5, null], { feature: "x", method: "NONE" }, layers);
    expect(encoded({ model, table })[2]).toEqual([2, 1]);
  });

  test("makes a row unusable where the input refuses it, and left out where it drops it or the target lacks one", () => {
    const faultsOf = (missing: "REFUSE" | "DROP_ROW" | "MEDIAN", values: Cells) => {
      const { model, table } = modelOf({ type: "NUMBER" }, values, { feature: "x", missing });
      const rows = values.map((_, row) => row);
      const at = (checks: ReturnType<typeof rowChecks>) => rows.filter((row) => checks.some((check) => check(row)));
      const fitted = fitPreprocessing(model, table, [0]);
      return [at(rowChecks(model, table)), at(leftOutChecks(model, table)), at(encodingChecks(model, fitted, table))];
    };
    expect(faultsOf("REFUSE", [1, null])).toEqual([[1], [], []]);
    expect(faultsOf("DROP_ROW", [1, null])).toEqual([[], [1], []]);
    expect(faultsOf("MEDIAN", [1, null])).toEqual([[], [], []]);
    const { model, table } = modelOf({ type: "NUMBER" }, [1, 2]);
    const lacking = { ...table, missing: new Map([["y", Uint8Array.of(0, 1)]]) };
    expect(leftOutChecks(model, lacking).map((check) => [check(0), check(1)])).toEqual([
      [undefined, { subject: 'the target "y"', value: "missing", rule: "have a value" }],
    ]);
  });
});
