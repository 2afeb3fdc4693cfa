import { initialParameters } from "../../../src/engine/networks/state.js";
import type { ExportedVersion } from "../../../src/engine/onnx/export/export.js";
import { normal, randomKey, uniform } from "../../../src/engine/tensors/random.js";
import { fitPreprocessing } from "../../../src/features/preprocessing.js";
import { type Table, tableFromRows } from "../../../src/features/table.js";
import type { Feature, FeatureDeclaration } from "../../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../../src/language/datasets/resolve-dataset.js";
import type { LayerDeclaration } from "../../../src/language/layers/layer.js";
import type { ModelDeclaration } from "../../../src/language/models/model.js";
import { resolveModel } from "../../../src/language/models/resolve-model.js";

export type Row = Record<string, unknown>;

/** A version that nobody trained: initial weights, and preprocessing fitted on some rows. */
export interface Untrained extends ExportedVersion {
  name: string;
  features: Feature[];
  /** As many rows as asked for, the same ones every time. */
  rows(count: number): Row[];
}

interface Case {
  name: string;
  features: FeatureDeclaration[];
  target: string;
  layers: LayerDeclaration[];
  preprocessing?: ModelDeclaration["preprocessing"];
  loss?: ModelDeclaration["loss"];
}

const colors = ["red", "green", "blue", "grün, with ü"];
const dense: LayerDeclaration[] = [{ dense: { units: 8, activation: "TANH" } }];
const answer: FeatureDeclaration = { name: "kind", type: "CATEGORY", categories: ["a", "b", "c"] };

/** A feature whose values may be missing. */
function hole(name: string, type: FeatureDeclaration["type"], rest: Partial<FeatureDeclaration> = {}) {
  return { name, type, ...rest, nullable: true };
}

/** Every type of feature and target and every preprocessing, and names that the file itself has a use for. */
const cases: Case[] = [
  {
    name: "numbers by z-score, min-max and as they are, and flags",
    features: [
      { name: "far", type: "NUMBER" },
      { name: "narrow", type: "NUMBER" },
      { name: "plain", type: "NUMBER" },
      { name: "flag", type: "BINARY" },
      answer,
    ],
    target: "kind",
    preprocessing: [
      { feature: "narrow", method: "MIN_MAX" },
      { feature: "plain", method: "NONE" },
    ],
    layers: dense,
  },
  {
    name: "numbers by rank, and clipped by z-score, alone and in a vector",
    features: [
      { name: "far", type: "NUMBER" },
      { name: "ranked", type: "NUMBER" },
      { name: "few", type: "NUMBER" },
      { name: "outlier", type: "NUMBER" },
      { name: "vector", type: "VECTOR", shape: [3] },
      answer,
    ],
    target: "kind",
    preprocessing: [
      { feature: "far", method: "QUANTILE" },
      { feature: "ranked", method: "QUANTILE" },
      { feature: "few", method: "QUANTILE", quantiles: 2 },
      { feature: "outlier", method: "CLIPPED_Z_SCORE", clip: 0.5 },
      { feature: "vector", method: "CLIPPED_Z_SCORE", clip: 1.5 },
    ],
    layers: dense,
  },
  {
    name: "labels of labels",
    features: [
      { name: "genres", type: "LABELS", categories: colors },
      hole("tags", "LABELS", { categories: ["a", "b", "c"] }),
      { name: "labels", type: "LABELS", categories: ["x", "y", "z"] },
    ],
    target: "labels",
    layers: dense,
    preprocessing: [{ feature: "tags", unseen: "IGNORE" }],
  },
  {
    name: "quantiles of a number",
    features: [
      { name: "far", type: "NUMBER" },
      { name: "quantiles", type: "NUMBER" },
      { name: "price", type: "NUMBER" },
    ],
    target: "price",
    layers: dense,
    loss: { type: "PINBALL", quantiles: [0.05, 0.25, 0.5, 0.9] },
  },
  {
    name: "categories one-hot, as a code and embedded, for a number",
    features: [
      { name: "one", type: "CATEGORY", categories: colors },
      { name: "two", type: "CATEGORY", categories: colors },
      { name: "three", type: "CATEGORY", categories: ["x", "y"] },
      { name: "four", type: "NUMBER" },
      { name: "price", type: "NUMBER" },
    ],
    target: "price",
    preprocessing: [
      { feature: "two", method: "ORDINAL" },
      { feature: "three", method: "EMBEDDING" },
    ],
    layers: dense,
  },
  {
    name: "an image alone",
    features: [{ name: "picture", type: "IMAGE", shape: [6, 5, 2] }, answer],
    target: "kind",
    layers: [{ conv2d: { filters: 3, kernelSize: [3], activation: "RELU" } }, { maxPooling2d: {} }, { flatten: {} }],
  },
  {
    name: "an image beside a vector and a number, for true or false",
    features: [
      { name: "picture", type: "IMAGE", shape: [3, 2, 2] },
      { name: "vector", type: "VECTOR", shape: [4] },
      { name: "number", type: "NUMBER" },
      { name: "sure", type: "BINARY" },
    ],
    target: "sure",
    layers: [{ batchNormalization: {} }, ...dense],
  },
  {
    name: "a vector for a vector",
    features: [
      { name: "signal", type: "VECTOR", shape: [6] },
      { name: "echo", type: "VECTOR", shape: [2] },
    ],
    target: "echo",
    layers: [{ reshape: { targetShape: [6, 1] } }, { lstm: { units: 4 } }],
  },
  {
    name: "a vector of ids",
    features: [{ name: "words", type: "VECTOR", shape: [5] }, answer],
    target: "kind",
    preprocessing: [{ feature: "words", method: "NONE" }],
    layers: [{ embedding: { inputDim: 7, outputDim: 3 } }, { globalAveragePooling1d: {} }],
  },
  {
    name: "a text alone, averaged",
    features: [{ name: "review", type: "TEXT" }, answer],
    target: "kind",
    preprocessing: [{ feature: "review", maxTokens: 9, dimensions: 3, maxLength: 5 }],
    layers: [],
  },
  {
    name: "a review, as the example declares it",
    features: [
      { name: "review", type: "TEXT" },
      { name: "mood", type: "CATEGORY", categories: ["bad", "good"] },
    ],
    target: "mood",
    layers: [{ dense: { units: 8, activation: "RELU" } }],
  },
  {
    name: "a text as a sequence of characters, filled up and cut off behind",
    features: [{ name: "review", type: "TEXT" }, answer],
    target: "kind",
    preprocessing: [
      { feature: "review", split: "CHARACTER", standardize: "NONE", dimensions: 3, maxLength: 9, padding: "POST" },
    ],
    layers: [{ conv1d: { filters: 4, kernelSize: [3] } }, { globalMaxPooling1d: {} }],
  },
  {
    name: "hashed tokens as ids, cut off before",
    features: [{ name: "review", type: "TEXT" }, answer],
    target: "kind",
    preprocessing: [{ feature: "review", method: "ORDINAL", hashBins: 6, maxLength: 4, truncating: "PRE" }],
    layers: [{ embedding: { inputDim: 7, outputDim: 3 } }, { flatten: {} }],
  },
  {
    name: "texts counted in every way, beside an instant by z-score, for true or false",
    features: [
      ...["has", "many", "rare", "bins"].map((name) => ({ name, type: "TEXT" as const })),
      { name: "when", type: "TIMESTAMP" },
      { name: "sure", type: "BINARY" },
    ],
    target: "sure",
    preprocessing: [
      { feature: "has", method: "MULTI_HOT", maxTokens: 5 },
      { feature: "many", method: "COUNT" },
      { feature: "rare", method: "TF_IDF", maxTokens: 6 },
      { feature: "bins", method: "TF_IDF", hashBins: 5 },
      { feature: "when", method: "Z_SCORE" },
    ],
    layers: dense,
  },
  {
    name: "a sequence of numbers alone",
    features: [{ name: "beats", type: "SEQUENCE" }, answer],
    target: "kind",
    preprocessing: [{ feature: "beats", maxLength: 6 }],
    layers: [{ lstm: { units: 3 } }],
  },
  {
    name: "sequences of vectors and of categories, by place and counted, beside a calendar, for a number",
    features: [
      { name: "moves", type: "SEQUENCE", shape: [2] },
      { name: "raw", type: "SEQUENCE" },
      ...["steps", "one", "all", "sum"].map((name) => ({ name, type: "SEQUENCE" as const, categories: colors })),
      { name: "when", type: "TIMESTAMP" },
      { name: "price", type: "NUMBER" },
    ],
    target: "price",
    preprocessing: [
      { feature: "moves", method: "MIN_MAX", maxLength: 3, padding: "POST", truncating: "POST" },
      { feature: "raw", method: "NONE", maxLength: 4 },
      { feature: "steps", maxLength: 5, pooling: "NONE" },
      { feature: "one", method: "ONE_HOT", maxLength: 3 },
      { feature: "all", method: "MULTI_HOT" },
      { feature: "sum", method: "COUNT" },
    ],
    layers: dense,
  },
  {
    name: "values that are missing, as the defaults have it",
    features: [
      ...(["NUMBER", "BINARY", "TIMESTAMP", "TEXT", "SEQUENCE"] as const).map((type) => hole(type.toLowerCase(), type)),
      hole("one-hot", "CATEGORY", { categories: colors }),
      hole("vectors", "CATEGORY", { categories: colors }),
      hole("code", "CATEGORY", { categories: colors }),
      hole("other", "CATEGORY", { categories: colors }),
      hole("vector", "VECTOR", { shape: [3] }),
      hole("tags", "SEQUENCE", { categories: ["x", "y"] }),
      answer,
    ],
    target: "kind",
    preprocessing: [
      { feature: "vectors", method: "EMBEDDING" },
      { feature: "code", method: "ORDINAL" },
      { feature: "other", unseen: "OTHER" },
      { feature: "sequence", maxLength: 4 },
      { feature: "text", maxLength: 4 },
    ],
    layers: dense,
  },
  {
    name: "values that are missing, filled in",
    features: [
      ...["median", "mean", "frequent", "constant", "ranked"].map((name) => hole(name, "NUMBER")),
      ...["usual", "red"].map((name) => hole(name, "CATEGORY", { categories: colors })),
      hole("yes", "BINARY"),
      hole("when", "TIMESTAMP"),
      hole("vector", "VECTOR", { shape: [3] }),
      hole("picture", "IMAGE", { shape: [2, 1, 3] }),
      { name: "price", type: "NUMBER" },
    ],
    target: "price",
    preprocessing: [
      { feature: "median", missing: "MEDIAN", method: "MIN_MAX" },
      { feature: "mean", missing: "MEAN" },
      { feature: "frequent", missing: "MOST_FREQUENT", method: "NONE" },
      { feature: "constant", missing: "CONSTANT", missingValue: "-1.5" },
      { feature: "ranked", method: "QUANTILE", missing: "INDICATOR" },
      { feature: "usual", missing: "MOST_FREQUENT" },
      { feature: "red", missing: "CONSTANT", missingValue: "red", method: "EMBEDDING" },
      { feature: "yes", missing: "CONSTANT", missingValue: "true" },
      { feature: "when", missing: "MEAN" },
      { feature: "vector", missing: "MEAN" },
      { feature: "picture", missing: "CONSTANT", missingValue: "0.25" },
    ],
    layers: dense,
  },
  {
    name: "features with names of any text",
    features: [
      ...["/preprocessing/x", "dense_0/kernel", "input/dense_0/kernel", "output/value", "value"],
      ...["__proto__", "constructor", "größe (cm)", "a.b", 'say "no"', "日本 🏠"],
      "price",
    ].map((name) => ({ name, type: "NUMBER" as const })),
    target: "price",
    layers: dense,
  },
  {
    name: "features with names that mean something in the file",
    features: ["x", "predictions", "unknown", "value", "label", "_0", "_c0", "probabilities"].map((name) =>
      name === "unknown"
        ? { name, type: "CATEGORY" as const, categories: ["p", "q"] }
        : { name, type: "NUMBER" as const },
    ),
    target: "probabilities",
    layers: dense,
  },
];

const words = ["Good", "bad,", "so-so!", "very", "VERY", "\n", "😀", "ça", "never", "good"];

/** Beside it, a float32 has no digit left for what tells rows apart. */
const far = 1.7e9;

/** How many elements row has: from none to more than any model here reads. */
const lengths = [3, 0, 7, 1, 12] as const;

function featureValue({ name, type, shape, categories, nullable }: Feature, row: number): unknown {
  const random = randomKey(row, name);
  if (nullable && (uniform(randomKey(row, `${name} is missing`), 1)[0] as number) < 0.4) return null;
  const length = lengths[row % lengths.length] ?? 0;
  const picks = (count: number) => Array.from(uniform(random, length), (value) => Math.floor(value * count));
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Array.from(normal(random, size));
  switch (type) {
    case "BINARY":
      return (numbers[0] as number) > 0;
    case "CATEGORY":
      return categories[Math.floor((uniform(random, 1)[0] as number) * categories.length)];
    case "TEXT":
      return picks(words.length)
        .map((word) => words[word])
        .join(" ");
    case "TIMESTAMP":
      return new Date(Date.UTC(2026, 0, 1) + row * 7_654_321_987).toISOString();
    case "LABELS":
      return [...new Set(picks(categories.length).map((code) => categories[code]))];
    case "SEQUENCE": {
      if (categories.length > 0) return picks(categories.length).map((code) => categories[code]);
      const offset = name === "moves" ? far : 0;
      const flat = Array.from(normal(random, length * size), (value) => offset + value);
      return shape.length === 0 ? flat : picks(1).map((_, index) => flat.slice(index * size, (index + 1) * size));
    }
    case "NUMBER":
      return name === "far" ? far + 3 * (numbers[0] as number) : numbers[0];
    case "VECTOR":
      if (name === "words") return numbers.map((number) => Math.floor(Math.abs(number * 10)) % 7);
      return numbers.map((number) => far + number);
    default:
      // Pixels go in as float32.
      return numbers.map(Math.fround);
  }
}

function untrained({ name, features, target, layers, ...options }: Case): Untrained {
  const dataset = resolveDataset({ name: "rows", features });
  const declaration = { name: "model", dataset: "rows", target, layers, ...options };
  const { spec: model, problems } = resolveModel(declaration, dataset.spec);
  if (!model || !dataset.spec) throw new Error(JSON.stringify([dataset.problems, problems]));
  const declared = dataset.spec.features;
  const rows = (count: number): Row[] =>
    Array.from({ length: count }, (_, row) =>
      Object.fromEntries(declared.map((feature) => [feature.name, featureValue(feature, row)])),
    );
  const table: Table = tableFromRows(declared, rows(50));
  const train = Uint32Array.from({ length: 50 }, (_, row) => row);
  return {
    ...{ name, model, rows },
    features: declared.filter((feature) => feature.name !== target),
    parameters: initialParameters(model, 5),
    preprocessing: fitPreprocessing(model, table, train),
  };
}

export const versions: Untrained[] = cases.map(untrained);

/** What features are called in the files whose names are taken there. */
export const namesInFile: ReadonlyMap<string, string> = new Map([
  ["/preprocessing/x", "input//preprocessing/x"],
  ["dense_0/kernel", "input/input/dense_0/kernel"],
]);

/** The version of that name. */
export function versionNamed(name: string): Untrained {
  const found = versions.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`There is no version "${name}".`);
  return found;
}
