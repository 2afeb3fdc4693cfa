import { describe, expect, it, test } from "vitest";
import { encodeInputs, fitPreprocessing } from "../../src/features/preprocessing.js";
import { assignSplit, splitIndices } from "../../src/features/split.js";
import { concatenateTables, rowsFromTable, selectRows, tableFromRows } from "../../src/features/table.js";
import { cyclesOf } from "../../src/features/values/calendar.js";
import type { Feature, FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";

const declared: FeatureDeclaration[] = [
  { name: "note", type: "TEXT" },
  { name: "steps", type: "SEQUENCE" },
  { name: "route", type: "SEQUENCE", shape: [2] },
  { name: "visits", type: "SEQUENCE", categories: ["home", "gym"] },
  { name: "at", type: "TIMESTAMP" },
  { name: "y", type: "BINARY" },
];
const features = resolveDataset({ name: "d", features: declared }).spec?.features as Feature[];
const rows = [
  {
    note: "ab a",
    steps: [1, 3],
    route: [[1, 10]],
    visits: ["gym", "home", "gym"],
    at: "2026-01-01T00:00:00Z",
    y: true,
  },
  { note: "", steps: [], route: [], visits: [], at: "2026-01-01T06:00:00.000Z", y: false },
  {
    note: "A c",
    steps: [5],
    route: [
      [3, 30],
      [5, 50],
    ],
    visits: ["home"],
    at: "2026-01-02T00:00:00Z",
    y: true,
  },
  { note: "secret", steps: [1e6, 1e6], route: [[1e6, 1e6]], visits: ["gym"], at: "2036-01-01T00:00:00Z", y: true },
];
const table = tableFromRows(features, rows);
/** The last row trains nothing. */
const train = [0, 1, 2];

function modelOf(name: string, options: Record<string, unknown> = {}): ModelSpec {
  const preprocessing = [{ feature: name, ...options }] as ModelDeclaration["preprocessing"];
  const declaration = { name: "m", dataset: "d", target: "y", inputs: [name], layers: [], preprocessing };
  const { spec, problems } = resolveModel(declaration, { name: "d", features });
  if (!spec) throw new Error(JSON.stringify(problems));
  return spec;
}

/** Each row of the table as the network takes it. */
function encoded(name: string, options: Record<string, unknown> = {}): number[][] {
  const model = modelOf(name, options);
  const numbers = encodeInputs(model, fitPreprocessing(model, table, train), table);
  const width = numbers.length / table.rowCount;
  return rows.map((_, row) => Array.from(numbers.subarray(row * width, (row + 1) * width)));
}

const single = (values: number[]) => Array.from(Float32Array.from(values));

describe("rows of texts, sequences and times", () => {
  it("come back from a table as they went in, times in UTC with milliseconds", () => {
    const instants = rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
    expect(rowsFromTable(features, table)).toEqual(instants);
    expect(rowsFromTable(features, tableFromRows(features, []))).toEqual([]);
  });

  it("can be put together and taken apart", () => {
    const parts = [
      tableFromRows(features, rows.slice(0, 1)),
      tableFromRows(features, []),
      tableFromRows(features, rows.slice(1)),
    ];
    expect(concatenateTables(parts)).toEqual(table);
    expect(selectRows(table, [2, 0, 2])).toEqual(tableFromRows(features, [rows[2], rows[0], rows[2]] as typeof rows));
    expect(selectRows(table, [])).toEqual(tableFromRows(features, []));
  });

  test.each([
    ["note", 5],
    ["steps", [1, "2"]],
    ["steps", 1],
    ["route", [[1]]],
    ["visits", ["pool"]],
    ["at", "yesterday"],
    ["at", 5],
  ])("are refused where %s is %j", (name, value) => {
    const wrong = { ...rows[0], [name]: value };
    expect(() => tableFromRows(features, [rows[1] as object, wrong] as Record<string, unknown>[])).toThrow(
      `rows[1].${name}`,
    );
  });

  it("stay on their side of the split by a text or by an instant, however that is written", () => {
    for (const key of ["note", "at"]) {
      const split = { train: 0.5, validation: 0.25, test: 0.25, key, seed: 4 };
      const parts = splitIndices(split, features, table);
      for (const [row, values] of rowsFromTable(features, table).entries()) {
        expect(parts[assignSplit(split, 0, values[key] as string)]).toContain(row);
      }
      const later = tableFromRows(features, [{ ...rows[0], at: "2026-01-01T02:00:00+02:00" }] as typeof rows);
      const before = splitIndices(split, features, selectRows(table, [0]));
      expect(splitIndices(split, features, later, 17)).toEqual(before);
    }
  });
});

describe("a text becomes", () => {
  // By the training rows: "a" twice, then "ab" and "c".
  it("ids, padded before the first and cut off behind the last", () => {
    expect(encoded("note", { method: "ORDINAL", maxLength: 3 })).toEqual([
      [0, 3, 2],
      [0, 0, 0],
      [0, 2, 4],
      [0, 0, 1],
    ]);
    expect(encoded("note", { maxLength: 1, padding: "POST" })).toEqual([[3], [0], [2], [1]]);
    expect(encoded("note", { maxLength: 1, truncating: "PRE" })).toEqual([[2], [0], [4], [1]]);
  });

  it("counts, of unknown tokens first", () => {
    const options = { maxTokens: 4, split: "CHARACTER", standardize: "LOWER" };
    // "a" three times, then " " twice, then "b" and "c".
    expect(encoded("note", { ...options, method: "COUNT" })).toEqual([
      [0, 2, 1, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 1, 1, 0, 1],
      [5, 0, 0, 0, 1],
    ]);
    expect(encoded("note", { ...options, method: "MULTI_HOT" })[3]).toEqual([1, 0, 0, 0, 1]);
    expect(encoded("note", { ...options, method: "TF_IDF" })[0]).toEqual(
      single([0, 2 * Math.log(2), Math.log(2), Math.log(2.5), 0]),
    );
  });

  it("nothing that a vocabulary learned from validation or test rows", () => {
    const model = modelOf("note", { maxTokens: 9 });
    expect(JSON.stringify(fitPreprocessing(model, table, train))).not.toContain("secret");
  });
});

describe("a sequence becomes", () => {
  it("numbers scaled by the real elements of the training rows, and zeros for padding", () => {
    const deviation = Math.sqrt(8 / 3);
    expect(encoded("steps", { maxLength: 3 })).toEqual([
      [0, ...single([-2 / deviation, 0])],
      [0, 0, 0],
      [0, 0, ...single([2 / deviation])],
      [0, ...single([(1e6 - 3) / deviation, (1e6 - 3) / deviation])],
    ]);
    expect(encoded("steps", { method: "MIN_MAX", maxLength: 3, padding: "POST" })[0]).toEqual([0, 0.5, 0]);
    expect(encoded("steps", { method: "NONE", maxLength: 1 }).slice(0, 3)).toEqual([[3], [0], [5]]);
  });

  it("vectors, each number of which has statistics of its own", () => {
    expect(encoded("route", { method: "MIN_MAX", maxLength: 2 }).slice(0, 3)).toEqual([
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      [0.5, 0.5, 1, 1],
    ]);
  });

  it("categories as ids, one-hot or counted", () => {
    expect(encoded("visits", { maxLength: 2 })).toEqual([
      [1, 2],
      [0, 0],
      [0, 1],
      [0, 2],
    ]);
    expect(encoded("visits", { method: "ONE_HOT", maxLength: 2 })[2]).toEqual([0, 0, 1, 0]);
    expect(encoded("visits", { method: "COUNT" })[0]).toEqual([1, 2]);
    expect(encoded("visits", { method: "MULTI_HOT" })[0]).toEqual([1, 1]);
  });

  it("finite numbers even where the training rows hold no element at all", () => {
    const model = modelOf("steps", { maxLength: 2 });
    const fitted = fitPreprocessing(model, table, [1]);
    expect(fitted.inputs[0]).toMatchObject({ mean: [0], standardDeviation: [1] });
    expect(Array.from(encodeInputs(model, fitted, table, [0]))).toEqual([1, 3]);
  });
});

describe("an instant becomes", () => {
  it("seconds, z-scored", () => {
    const [first, second, third] = encoded("at", { method: "Z_SCORE" }).map(([value]) => value as number);
    expect(second).toBeCloseTo(-0.3922, 3);
    expect((third as number) - (first as number)).toBeCloseTo(2.3534, 3);
  });

  it("its place in the day, the week and the year too", () => {
    const [first, second] = encoded("at");
    expect(first).toHaveLength(7);
    expect(second?.slice(1, 3).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([1, 0]);
  });

  test.each([
    ["a Monday at midnight", "2026-03-02", [0, 1, 0, 1]],
    ["a Monday at noon", "2026-03-02T12:00:00Z", [0, -1, Math.sin(Math.PI / 7), Math.cos(Math.PI / 7)]],
    ["before 1970", "1969-12-29", [0, 1, 0, 1]],
  ])("the cycles of %s", (_, text, expected) => {
    const cycles = cyclesOf(Date.parse(text) / 1000).slice(0, 4);
    for (const [index, value] of expected.entries()) expect(cycles[index]).toBeCloseTo(value, 9);
  });

  it("the same place in the year, to two days, every year", () => {
    for (const year of [1970, 1999, 2000, 2026, 2099]) {
      const [sine = 0, cosine = 0] = cyclesOf(Date.UTC(year, 0, 1) / 1000).slice(4);
      expect(Math.abs(Math.atan2(sine, cosine))).toBeLessThan((2 * 2 * Math.PI) / 365);
    }
  });
});

describe("ids that users give themselves in a sequence", () => {
  it("are refused with their row where the table has no such row", () => {
    const { spec } = resolveModel(
      {
        ...{ name: "m", dataset: "d", target: "y", inputs: ["steps"] },
        preprocessing: [{ feature: "steps", method: "NONE", maxLength: 4 }],
        layers: [{ embedding: { inputDim: 6, outputDim: 2 } }, { flatten: {} }],
      },
      { name: "d", features },
    );
    const model = spec as ModelSpec;
    const fitted = fitPreprocessing(model, table, train);
    expect(Array.from(encodeInputs(model, fitted, table, [0]))).toEqual([0, 0, 1, 3]);
    expect(() => encodeInputs(model, fitted, table)).toThrow('rows[3]: feature "steps" holds 1000000');
  });
});
