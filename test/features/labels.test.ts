import { describe, expect, it, test } from "vitest";
import { toPredictions } from "../../src/features/predictions.js";
import { encodeInputs, encodeTarget, fitPreprocessing } from "../../src/features/preprocessing.js";
import { validateRows } from "../../src/features/rows.js";
import { spelledRows } from "../../src/features/spelled-rows.js";
import { rowsFromTable, tableFromRows } from "../../src/features/table.js";
import { codecs } from "../../src/features/types/codecs.js";
import { rowChecks } from "../../src/features/unusable-rows.js";
import { arrivedCategories, withArrivingCategories } from "../../src/features/values/arriving-categories.js";
import { labelSpelling, spelledLabels } from "../../src/features/values/spellings.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { ModelDeclaration } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { findLeaks } from "../../src/profile/suggest/leaks.js";
import { rowsDigest } from "../../src/segments/segment.js";
import { faults, resolved } from "../language/declarations.js";

const dataset = resolved(
  resolveDataset({
    name: "films",
    features: [
      { name: "x", type: "NUMBER" },
      { name: "genres", type: "LABELS", categories: ["drama", "comedy", "war"] },
      { name: "tags", type: "LABELS", nullable: true },
    ],
  }),
);
const { features } = dataset;
const rows = [
  { x: 1, genres: ["war", "drama"], tags: ["old"] },
  { x: 2, genres: [], tags: null },
  { x: 3, genres: ["comedy"], tags: ["new", "old"] },
];
const declare = (changes: Partial<ModelDeclaration>, given = features) =>
  resolveModel(
    { name: "m", dataset: "films", target: "genres", inputs: ["x"], layers: [], ...changes },
    { name: "films", features: given },
  );

describe("a target of labels", () => {
  it("has one sigmoid output for each label, binary crossentropy and metrics of its own", () => {
    const { target, layers, loss, metrics } = resolved(declare({}));
    expect(target).toMatchObject({ type: "LABELS", width: 3, scaling: "NONE" });
    expect(layers.at(-1)).toMatchObject({ units: 3, activation: "SIGMOID" });
    expect(loss).toEqual({ type: "BINARY_CROSSENTROPY", labelSmoothing: 0 });
    expect(metrics).toEqual(["MICRO_F1_SCORE", "MACRO_F1_SCORE", "HAMMING_LOSS"]);
  });

  test.each<[Partial<ModelDeclaration>, string[]]>([
    [{ metrics: ["ACCURACY"] }, ["metrics[0] CONTRADICTION"]],
    [{ loss: { type: "CATEGORICAL_CROSSENTROPY" } }, ["loss.type CONTRADICTION"]],
    [{ loss: { type: "BINARY_FOCAL_CROSSENTROPY" }, metrics: ["SUBSET_ACCURACY", "MICRO_RECALL"] }, []],
    [{ loss: { type: "TVERSKY" } }, ["loss.type CONTRADICTION"]],
    [{ classWeights: { method: "BALANCED" } }, ["classWeights CONTRADICTION"]],
    [{ threshold: { value: 0.3 } }, ["threshold CONTRADICTION"]],
    [{ calibration: "TEMPERATURE" }, ["calibration CONTRADICTION"]],
    [{ positiveCategory: "war" }, ["positiveCategory CONTRADICTION"]],
    [
      { target: "x", inputs: ["genres"], preprocessing: [{ feature: "genres", method: "EMBEDDING" }] },
      ["preprocessing[0].method CONTRADICTION"],
    ],
    [
      { target: "x", inputs: ["genres"], preprocessing: [{ feature: "genres", unseen: "OTHER" }] },
      ["preprocessing[0].unseen CONTRADICTION"],
    ],
    [
      { target: "x", inputs: ["genres"], preprocessing: [{ feature: "genres", maxLength: 4 }] },
      ["preprocessing[0].maxLength CONTRADICTION"],
    ],
  ])("%j has problems %j", (changes, expected) => expect(faults(declare(changes))).toEqual(expected));

  it("is encoded as ones and zeros, and decoded to the labels above one half, with all probabilities", () => {
    const model = resolved(declare({}));
    const table = tableFromRows(withArrivingCategories(features), rows);
    const fitted = fitPreprocessing(model, table, [0, 1, 2]);
    expect([...encodeTarget(model, fitted, table)]).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 0]);
    const outputs = Float32Array.from([0.75, 0.5, 0.625, 0.25, 0.125, 0]);
    expect(toPredictions(model, fitted, outputs, 2)).toEqual([
      {
        value: ["drama", "war"],
        probabilities: [
          { category: "drama", probability: 0.75 },
          { category: "comedy", probability: 0.5 },
          { category: "war", probability: 0.625 },
        ],
      },
      expect.objectContaining({ value: [] }),
    ]);
  });

  it("refuses a row with a label that came after the model's list", () => {
    const model = resolved(declare({}));
    const grown = features.map((feature) =>
      feature.name === "genres" ? { ...feature, categories: [...feature.categories, "western"] } : feature,
    );
    const table = tableFromRows(withArrivingCategories(grown), [
      ...rows,
      { x: 4, genres: ["drama", "western"], tags: [] },
    ]);
    const found = rowChecks(model, table).map((check) => [0, 1, 2, 3].map((row) => check(row)?.value));
    expect(found).toEqual([[undefined, undefined, undefined, "category 4 of the dataset's list"]]);
  });
});

describe("an input of labels", () => {
  const asInput = (given = features) => resolved(declare({ target: "x", inputs: ["genres", "tags"] }, given));
  const known = features.map((feature) =>
    feature.name === "tags" ? { ...feature, categories: ["old", "new"], categoriesOf: "DATASET" as const } : feature,
  );

  it("is multi-hot; what the dataset lists later is ignored, and a missing list is empty", () => {
    const model = asInput(known);
    expect(model.inputs).toMatchObject([
      { preprocessing: "MULTI_HOT", width: 3 },
      { preprocessing: "MULTI_HOT", width: 2, unseen: "IGNORE", missing: { method: "EMPTY" } },
    ]);
    expect(model.inputs[0]).not.toHaveProperty("unseen");
    const table = tableFromRows(
      known.map((feature) => ({
        ...feature,
        categories: feature.name === "tags" ? ["old", "new", "odd"] : feature.categories,
      })),
      [...rows, { x: 4, genres: ["war"], tags: ["odd", "new"] }],
    );
    const encoded = encodeInputs(model, fitPreprocessing(model, table, [0, 1, 2, 3]), table);
    expect(Array.from({ length: 4 }, (_, row) => [...encoded.subarray(5 * row, 5 * row + 5)])).toEqual([
      [1, 0, 1, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 1, 0, 1, 1],
      [0, 0, 1, 0, 1],
    ]);
  });

  it("takes unknown labels of a row to predict only where they are ignored", () => {
    const [genres, tags] = asInput(known).inputs;
    const form = (input: typeof genres) => [{ ...features[0], ...input, name: input?.feature } as never];
    expect(validateRows(form(tags), [{ tags: ["never", "old"] }])).toEqual([]);
    expect(validateRows(form(genres), [{ genres: ["never"] }])).toMatchObject([
      { path: "rows[0].genres[0]", code: "UNKNOWN_CATEGORY" },
    ]);
  });
});

it("a feature that tells a target of labels in every row is found", () => {
  const given = Array.from({ length: 60 }, (_, row) => ({
    ...{ x: row % 7, told: row % 3 },
    genres: row % 3 === 0 ? [] : row % 3 === 1 ? ["drama"] : ["drama", "war"],
  }));
  const all = resolved(
    resolveDataset({
      name: "told",
      features: [
        { name: "x", type: "NUMBER" },
        { name: "told", type: "NUMBER" },
        { name: "genres", type: "LABELS", categories: ["drama", "comedy", "war"] },
      ],
    }),
  ).features;
  expect(findLeaks(all, tableFromRows(all, given), "genres")).toEqual(["told"]);
});

describe("rows with labels", () => {
  test.each<[unknown, string[]]>([
    ["drama", ["rows[0].genres BAD_TYPE"]],
    [["drama", 3], ["rows[0].genres[1] BAD_TYPE"]],
    [["drama", "opera"], ["rows[0].genres[1] UNKNOWN_CATEGORY"]],
    [["drama", "war", "drama"], ["rows[0].genres[2] DUPLICATE"]],
    [new Array(10_001).fill("drama"), ["rows[0].genres TOO_LONG"]],
    [null, ["rows[0].genres REQUIRED"]],
    [[], []],
  ])("%j has problems %j", (genres, expected) => {
    const problems = validateRows(withArrivingCategories(features), [{ x: 1, genres, tags: ["any"] }]);
    expect(problems.map(({ path, code }) => `${path} ${code}`)).toEqual(expected);
  });

  it("come back as they went in; the dataset lists what it has no list for", () => {
    const arriving = withArrivingCategories(features);
    const table = tableFromRows(arriving, rows);
    expect(rowsFromTable(arriving, table)).toEqual(rows);
    expect(arrivedCategories(arriving, table)).toEqual([{ feature: "tags", values: ["old", "new"] }]);
    // SHA-256 over each column's header, the lengths of its rows and the texts in them.
    expect(rowsDigest(arriving, table)).toBe(rowsDigest(arriving, tableFromRows(arriving, [...rows])));
  });

  it("may be spelled as JSON or with a delimiter", () => {
    expect(spelledLabels('["a|b", "c"]')).toEqual(["a|b", "c"]);
    expect(spelledLabels(" a | b||c")).toEqual(["a", "b", "c"]);
    expect(spelledLabels("")).toEqual([]);
    expect(spelledLabels("[a")).toBeUndefined();
    expect(spelledLabels("a;b", labelSpelling(["a", "b;c,d"]))).toEqual(["a", "b"]);
    expect(spelledLabels("a, b", labelSpelling(["a, b", '["x|y"]']))).toEqual(["a", "b"]);
    expect(spelledRows(features, [{ x: "1", genres: "drama|war", tags: "a,b" }])).toEqual([
      { x: 1, genres: ["drama", "war"], tags: ["a,b"] },
    ]);
    expect(codecs.LABELS.expected({ categories: ["a", "b"], shape: [] })).toBe("a list of a or b");
  });
});
