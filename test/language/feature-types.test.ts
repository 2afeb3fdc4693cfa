import { describe, expect, test } from "vitest";
import { validateRows } from "../../src/features/rows.js";
import type { DatasetDeclaration, FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { Problem, Resolution } from "../../src/language/fields/problem.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelDeclaration, ModelInput, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { faults, gardenDataset, gardenModel, resolved } from "./declarations.js";

/** A dataset with a feature of every type that holds texts, times and any count of elements. */
const diary: DatasetDeclaration = {
  name: "diary",
  features: [
    { name: "note", type: "TEXT" },
    { name: "steps", type: "SEQUENCE" },
    { name: "route", type: "SEQUENCE", shape: [2] },
    { name: "visits", type: "SEQUENCE", categories: ["home", "work", "gym"] },
    { name: "at", type: "TIMESTAMP" },
    { name: "photo", type: "IMAGE", shape: [2, 2, 3], resize: "PAD" },
    { name: "mood", type: "CATEGORY", categories: ["bad", "good"] },
  ],
};
const diaryDataset = resolved(resolveDataset(diary));

function model(inputs: string[], changes: Partial<ModelDeclaration> = {}): Resolution<ModelSpec> {
  const declaration = { name: "m", dataset: "diary", target: "mood", layers: [], inputs, ...changes };
  return resolveModel(declaration, diaryDataset);
}

/** The one input of such a model. */
function input(name: string, options: object = {}, layers: LayerDeclaration[] = []): ModelInput {
  const { inputs } = resolved(model([name], { preprocessing: [{ feature: name, ...options }], layers }));
  return inputs[0] as ModelInput;
}

function feature(declared: object): Resolution<unknown> {
  const features = [...diary.features, declared as FeatureDeclaration];
  return resolveDataset({ ...diary, features });
}

describe("a dataset", () => {
  test("of texts, sequences, times and image files resolves", () => {
    expect(diaryDataset.features.slice(1, 6)).toEqual([
      { name: "steps", type: "SEQUENCE", description: "", categories: [], shape: [] },
      { name: "route", type: "SEQUENCE", description: "", categories: [], shape: [2] },
      { name: "visits", type: "SEQUENCE", description: "", categories: ["home", "work", "gym"], shape: [] },
      { name: "at", type: "TIMESTAMP", description: "", categories: [], shape: [] },
      { name: "photo", type: "IMAGE", description: "", categories: [], shape: [2, 2, 3], resize: "PAD" },
    ]);
  });

  test.each(["note", "at"])("can be split by %s", (key) => {
    expect(resolved(resolveDataset({ ...diary, split: { key } })).split.key).toBe(key);
  });

  test.each<[string, object, string[]]>([
    [
      "categories and vectors",
      { name: "x", type: "SEQUENCE", shape: [2], categories: ["a", "b"] },
      ["shape CONTRADICTION"],
    ],
    ["one category", { name: "x", type: "SEQUENCE", categories: ["a"] }, ["categories OUT_OF_RANGE"]],
    ["vectors of two axes", { name: "x", type: "SEQUENCE", shape: [2, 2] }, ["shape SHAPE_MISMATCH"]],
    ["vectors of nothing", { name: "x", type: "SEQUENCE", shape: [0] }, ["shape[0] OUT_OF_RANGE"]],
    ["a text of categories", { name: "x", type: "TEXT", categories: ["a", "b"] }, ["categories CONTRADICTION"]],
    ["a text with a shape", { name: "x", type: "TEXT", shape: [2] }, ["shape CONTRADICTION"]],
    ["a time with a shape", { name: "x", type: "TIMESTAMP", shape: [2] }, ["shape CONTRADICTION"]],
    ["a text that is resized", { name: "x", type: "TEXT", resize: "PAD" }, ["resize CONTRADICTION"]],
    ["an unknown way to resize", { name: "x", type: "IMAGE", shape: [1, 1, 1], resize: "ZOOM" }, ["resize BAD_TYPE"]],
  ])("with %s is refused", (_, declared, expected) => {
    expect(faults(feature(declared))).toEqual(expected.map((fault) => `features[7].${fault}`));
  });

  test.each(["steps", "visits", "photo"])("cannot be split by %s", (key) => {
    expect(faults(resolveDataset({ ...diary, split: { key } }))).toEqual(["split.key CONTRADICTION"]);
  });

  test("of the types there were before has the digest it always had, and so have its models", () => {
    expect(digest(gardenDataset)).toBe("sha256:a80721defcc4ffbc48aa91d52089f117f49d416577072d2d11d2f2ff424fafbf");
    const dense = { layers: [{ dense: { units: 4 } }] };
    expect(digest(resolved(gardenModel(dense)))).toBe(
      "sha256:f5613f62c61a10bb4d5d097bb85b108ba8b52ec8c4c4ce73842377790f36252c",
    );
    const preprocessing: ModelDeclaration["preprocessing"] = [
      { feature: "colour", method: "EMBEDDING" },
      { feature: "photo", method: "MIN_MAX" },
    ];
    expect(digest(resolved(gardenModel({ preprocessing })))).toBe(
      "sha256:34f042b9bd8c5f683045747b2b5403b4d36c5cee51d9293d29bc275278ddeefd",
    );
  });
});

describe("a model", () => {
  test("reads a text by a vocabulary, embeds its tokens and averages the vectors, if nothing else is declared", () => {
    const spec = resolved(model(["note"]));
    expect(spec.inputs[0]).toEqual({
      ...{ feature: "note", type: "TEXT", shape: [], categories: [], preprocessing: "EMBEDDING", width: 128 },
      vectorization: {
        standardize: "LOWER_AND_STRIP_PUNCTUATION",
        split: "WHITESPACE",
        maxTokens: 10_000,
        hashBins: null,
      },
      placement: { maxLength: 128, padding: "PRE", truncating: "POST" },
    });
    expect(spec.inputShape).toEqual([128]);
    expect(spec.layers[0]).toMatchObject({
      ...{ type: "inputEmbedding", outputShape: [32] },
      columns: [{ feature: "note", width: 128, embedding: { inputDim: 10_002, outputDim: 32, pooling: "AVERAGE" } }],
    });
  });

  const lstm: LayerDeclaration = { lstm: { units: 4 } };
  const dropout: LayerDeclaration = { dropout: { rate: 0.1 } };
  test.each<[string, LayerDeclaration[], number[]]>([
    ["an lstm", [lstm], [128, 32]],
    [
      "a convolution behind dropout",
      [dropout, { conv1d: { filters: 2, kernelSize: [3] } }, { flatten: {} }],
      [128, 32],
    ],
    ["a flatten layer", [{ flatten: {} }], [128, 32]],
    [
      "attention within a residual layer",
      [{ residual: { layers: [{ multiHeadAttention: { numHeads: 1, keyDim: 2 } }] } }, { flatten: {} }],
      [128, 32],
    ],
    [
      "an lstm in a branch",
      [{ parallel: { branches: [[], [{ lstm: { units: 4, returnSequences: true } }]] } }, { flatten: {} }],
      [128, 32],
    ],
    ["dense layers", [dropout, { dense: { units: 4 } }], [32]],
    ["an lstm behind a repeated vector", [{ repeatVector: { n: 3 } }, lstm], [32]],
  ])("keeps the order of the vectors just where layers read it: %s", (_, layers, shape) => {
    expect(resolved(model(["note"], { layers })).layers[0]?.outputShape).toEqual(shape);
  });

  test("puts texts and sequences beside other inputs flat, and averages them unless told otherwise", () => {
    const inputs = ["at", "note", "visits", "steps"];
    expect(resolved(model(inputs, { layers: [] })).layers[0]?.outputShape).toEqual([7 + 32 + 3 + 128]);
    const preprocessing: ModelDeclaration["preprocessing"] = [
      { feature: "note", maxLength: 4, dimensions: 5, pooling: "NONE" },
      { feature: "steps", maxLength: 3 },
    ];
    const spec = resolved(model(inputs, { layers: [], preprocessing }));
    expect(spec.layers[0]?.outputShape).toEqual([7 + 20 + 3 + 3]);
  });

  test("reads a sequence alone as [time, width] where layers read it so, and as a list where they do not", () => {
    expect(resolved(model(["route"], { layers: [lstm] })).inputShape).toEqual([128, 2]);
    expect(resolved(model(["route"], { layers: [] })).inputShape).toEqual([256]);
    const oneHot = { preprocessing: [{ feature: "visits", method: "ONE_HOT" as const, maxLength: 5 }] };
    expect(resolved(model(["visits"], { ...oneHot, layers: [lstm] })).inputShape).toEqual([5, 3]);
  });

  test.each<[string, string, object, number]>([
    ["hashed tokens", "note", { method: "COUNT", hashBins: 50 }, 50],
    ["a vocabulary counted, the unknown too", "note", { method: "TF_IDF" }, 1_001],
    ["ids of a text", "note", { method: "ORDINAL", maxLength: 9 }, 9],
    ["categories one-hot", "visits", { method: "ONE_HOT", maxLength: 9 }, 27],
    ["categories that occur", "visits", { method: "MULTI_HOT" }, 3],
    ["vectors", "route", { method: "MIN_MAX", maxLength: 9 }, 18],
    ["an instant and its cycles", "at", {}, 7],
    ["an instant", "at", { method: "Z_SCORE" }, 1],
  ])("takes %s as so many numbers", (_, name, options, width) => {
    expect(input(name, options).width).toBe(width);
  });

  test("has tables with a row for padding, for the unknown and for every token", () => {
    const tableOf = (name: string, options: object) => {
      const { layers } = resolved(model([name], { preprocessing: [{ feature: name, ...options }] }));
      return layers[0]?.type === "inputEmbedding" ? layers[0].columns[0]?.embedding : null;
    };
    expect(tableOf("note", { maxTokens: 20, dimensions: 4 })).toMatchObject({ inputDim: 22, outputDim: 4 });
    expect(tableOf("note", { hashBins: 20 })).toMatchObject({ inputDim: 21 });
    expect(tableOf("visits", {})).toMatchObject({ inputDim: 4, outputDim: 3, pooling: "AVERAGE" });
  });

  test("can give ids to an embedding layer, which needs a row for each", () => {
    const ids = (inputDim: number) =>
      model(["note"], {
        preprocessing: [{ feature: "note", method: "ORDINAL", maxTokens: 8, maxLength: 5 }],
        layers: [{ embedding: { inputDim, outputDim: 3 } }, lstm],
      });
    expect(resolved(ids(10)).inputs[0]).toMatchObject({ idsBelow: 10, width: 5 });
    expect(faults(ids(9))).toEqual(["layers[0].embedding.inputDim OUT_OF_RANGE"]);
  });

  test.each<[string, object, string[]]>([
    ["a length for a time", { feature: "at", maxLength: 5 }, ["maxLength CONTRADICTION"]],
    ["a vocabulary for a sequence", { feature: "steps", maxTokens: 5 }, ["maxTokens CONTRADICTION"]],
    [
      "a length where tokens are counted",
      { feature: "note", method: "COUNT", maxLength: 5 },
      ["maxLength CONTRADICTION"],
    ],
    ["pooling of numbers", { feature: "steps", pooling: "AVERAGE" }, ["pooling CONTRADICTION"]],
    ["pooling of ids", { feature: "note", method: "ORDINAL", pooling: "NONE" }, ["pooling CONTRADICTION"]],
    ["dimensions of ids", { feature: "note", method: "ORDINAL", dimensions: 3 }, ["dimensions CONTRADICTION"]],
    ["both bins and a vocabulary", { feature: "note", maxTokens: 5, hashBins: 5 }, ["hashBins CONTRADICTION"]],
    ["no token at all", { feature: "note", maxTokens: 0 }, ["maxTokens OUT_OF_RANGE"]],
    ["too many bins", { feature: "note", hashBins: 100_001 }, ["hashBins OUT_OF_RANGE"]],
    ["an unknown side", { feature: "note", padding: "LEFT" }, ["padding BAD_TYPE"]],
    ["an unknown way to split", { feature: "note", split: "COMMA" }, ["split BAD_TYPE"]],
    ["a bound of what is not clipped", { feature: "steps", clip: 3 }, ["clip CONTRADICTION"]],
    ["quantiles of a calendar", { feature: "at", quantiles: 9 }, ["quantiles CONTRADICTION"]],
    ["ranked elements", { feature: "steps", method: "QUANTILE" }, ["method CONTRADICTION"]],
    ["embedded numbers", { feature: "steps", method: "EMBEDDING" }, ["method CONTRADICTION"]],
    ["a calendar of texts", { feature: "note", method: "CALENDAR" }, ["method CONTRADICTION"]],
    ["a scaled text", { feature: "note", method: "Z_SCORE" }, ["method CONTRADICTION"]],
    ["too large a table", { feature: "note", maxTokens: 100_000, dimensions: 60_000 }, ["dimensions OUT_OF_RANGE"]],
    ["too many vectors", { feature: "note", maxLength: 60_000, dimensions: 1_000 }, ["dimensions OUT_OF_RANGE"]],
  ])("with %s is refused", (_, entry, expected) => {
    const inputs = ["note", "steps", "visits", "at"];
    const declared = { preprocessing: [entry] } as Partial<ModelDeclaration>;
    expect(faults(model(inputs, declared))).toEqual(expected.map((fault) => `preprocessing[0].${fault}`));
  });

  test.each(["note", "steps", "at", "photo"])("cannot predict %s", (target) => {
    const { problems } = resolveModel({ name: "m", dataset: "diary", target, layers: [] }, diaryDataset);
    const type = diaryDataset.features.find(({ name }) => name === target)?.type;
    expect(problems).toEqual([
      {
        path: "target",
        code: "CONTRADICTION",
        message: `must be a NUMBER, BINARY, CATEGORY, LABELS or VECTOR feature, and ${target} is ${type}.`,
      },
    ]);
  });
});

describe("rows", () => {
  const good = {
    ...{ note: "Grün & 🌱, «fein»\n", steps: [1, -2.5], visits: ["gym", "home", "gym"], at: "2026-03-01T12:00:00Z" },
    ...{ route: [[1, 2]], photo: new Array(12).fill(7), mood: "good" },
  };
  const check = (changes: object): Problem[] => validateRows(diaryDataset.features, [{ ...good, ...changes }]);

  test("of texts, sequences and times pass, empty ones too", () => {
    expect(check({})).toEqual([]);
    expect(check({ note: "", steps: [], route: [], visits: [] })).toEqual([]);
    expect(check({ note: "x".repeat(1_000_000), steps: new Array(1_000).fill(0) })).toEqual([]);
  });

  test.each<[string, object, string[]]>([
    ["a number for a text", { note: 5 }, ["note BAD_TYPE"]],
    ["a text that is too long", { note: "x".repeat(1_000_001) }, ["note TOO_LONG"]],
    ["half an emoji", { note: "\ud83c" }, ["note BAD_TYPE"]],
    ["a NUL in a text", { note: "a\u0000b" }, ["note BAD_TYPE"]],
    ["no text", { note: null }, ["note REQUIRED"]],
    ["a number for a sequence", { steps: 5 }, ["steps BAD_TYPE"]],
    ["a text within numbers", { steps: [1, "2"] }, ["steps[1] BAD_TYPE"]],
    ["a hole in a sequence", { steps: new Array(2) }, ["steps[0] BAD_TYPE"]],
    ["numbers beyond 32 bits", { steps: [1e39] }, ["steps[0] OUT_OF_RANGE"]],
    ["a sequence that is too long", { steps: new Array(1_000_001).fill(0) }, ["steps TOO_LONG"]],
    ["numbers for vectors", { route: [1, 2] }, ["route[0] BAD_TYPE"]],
    ["a short vector", { route: [[1, 2], [1]] }, ["route[1] SHAPE_MISMATCH"]],
    ["an unknown category", { visits: ["gym", "pool"] }, ["visits[1] UNKNOWN_CATEGORY"]],
    ["a number for a category", { visits: [1] }, ["visits[0] BAD_TYPE"]],
    ["seconds for a time", { at: 1_767_225_600 }, ["at BAD_TYPE"]],
    ["a time without a zone", { at: "2026-03-01T12:00:00" }, ["at BAD_TYPE"]],
    ["the 30th of February", { at: "2026-02-30" }, ["at BAD_TYPE"]],
    ["several faults at once", { note: 1, at: "now", steps: {} }, ["note BAD_TYPE", "steps BAD_TYPE", "at BAD_TYPE"]],
  ])("with %s are refused", (_, changes, expected) => {
    expect(faults(check(changes))).toEqual(expected.map((fault) => `rows[0].${fault}`));
    for (const { message } of check(changes)) expect(message.length).toBeLessThan(250);
  });
});
