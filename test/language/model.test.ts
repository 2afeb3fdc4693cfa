import { describe, expect, test } from "vitest";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { ModelDeclaration, TargetType } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import {
  faults,
  garden,
  gardenDataset,
  gardenModel,
  imageModel,
  irisDataset,
  irisSpecies,
  resolved,
} from "./declarations.js";

const irisSpec = resolved(resolveModel(irisSpecies, irisDataset));
/** A target of each type; of LABELS see `features/labels.test.ts`. */
const targets: Record<Exclude<TargetType, "LABELS">, string> = {
  NUMBER: "height",
  BINARY: "perennial",
  CATEGORY: "colour",
  VECTOR: "spectrum",
};

/** A dataset with a nullable feature of each kind, beside one that is not. */
const holes = resolved(
  resolveDataset({
    name: "holes",
    features: [
      { name: "whole", type: "NUMBER" },
      { name: "size", type: "NUMBER", nullable: true },
      { name: "kind", type: "CATEGORY", categories: ["a", "b"], nullable: true },
      { name: "note", type: "TEXT", nullable: true },
      { name: "photo", type: "IMAGE", shape: [1, 1, 1], nullable: true },
      { name: "y", type: "NUMBER", nullable: true },
    ],
  }),
);

describe("what becomes of missing values", () => {
  const declare = (preprocessing: object[] = [], rest: object = {}) =>
    resolveModel(
      { name: "m", dataset: "holes", target: "y", layers: [], preprocessing: preprocessing as never, ...rest },
      holes,
    );

  test("follows from the type, is told for nullable features alone, and widens their inputs", () => {
    expect(resolved(declare()).inputs.map(({ feature, missing, width }) => [feature, missing?.method, width])).toEqual([
      ["whole", undefined, 1],
      ["size", "INDICATOR", 2],
      ["kind", "INDICATOR", 3],
      ["note", "EMPTY", 128],
      ["photo", "REFUSE", 1],
    ]);
    expect(resolved(declare()).inputs[0]).not.toHaveProperty("missing");
  });

  test("can be declared, with the constant as the text of a value", () => {
    const spec = resolved(
      declare([
        { feature: "size", missing: "CONSTANT", missingValue: "1e3" },
        { feature: "kind", missing: "CONSTANT", missingValue: "b" },
      ]),
    );
    expect(spec.inputs.slice(1, 3).map(({ missing }) => missing)).toEqual([
      { method: "CONSTANT", value: 1000 },
      { method: "CONSTANT", value: "b" },
    ]);
  });

  test.each<[string, object, string[]]>([
    ["a method for a feature that is not nullable", { feature: "whole", missing: "MEAN" }, ["missing CONTRADICTION"]],
    ["a value for one", { feature: "whole", missingValue: "1" }, ["missingValue CONTRADICTION"]],
    ["the mean of categories", { feature: "kind", missing: "MEAN" }, ["missing CONTRADICTION"]],
    ["the median of images", { feature: "photo", missing: "MEDIAN" }, ["missing CONTRADICTION"]],
    ["no such method", { feature: "size", missing: "GUESS" }, ["missing BAD_TYPE"]],
    ["a constant without a value", { feature: "size", missing: "CONSTANT" }, ["missingValue REQUIRED"]],
    ["a value without a constant", { feature: "size", missingValue: "1" }, ["missingValue CONTRADICTION"]],
    [
      "a value that is no number",
      { feature: "size", missing: "CONSTANT", missingValue: "" },
      ["missingValue BAD_TYPE"],
    ],
    ["a number beyond all", { feature: "size", missing: "CONSTANT", missingValue: "1e99" }, ["missingValue BAD_TYPE"]],
    [
      "a category that there is not",
      { feature: "kind", missing: "CONSTANT", missingValue: "c" },
      ["missingValue UNKNOWN_CATEGORY"],
    ],
  ])("%s is refused", (_, entry, expected) => {
    expect(faults(declare([entry]))).toEqual(expected.map((fault) => `preprocessing[0].${fault}`));
  });

  test("is an id where an embedding layer reads the input", () => {
    const ids = (entry: object) =>
      faults(
        declare([{ feature: "size", method: "NONE", ...entry }], {
          inputs: ["size"],
          layers: [{ embedding: { inputDim: 9, outputDim: 2 } }, { flatten: {} }],
        }),
      );
    expect(ids({})).toEqual([]);
    expect(ids({ missing: "CONSTANT", missingValue: "8" })).toEqual([]);
    expect(ids({ missing: "CONSTANT", missingValue: "9" })).toEqual(["preprocessing CONTRADICTION"]);
    expect(ids({ missing: "MEAN" })).toEqual(["preprocessing CONTRADICTION"]);
  });
});

describe("a model", () => {
  test("of the contract resolves inputs, target, output layer, loss and metrics from the features", () => {
    expect(irisSpec.inputs.map(({ feature, preprocessing, width }) => [feature, preprocessing, width])).toEqual([
      ["sepal_length", "Z_SCORE", 1],
      ["sepal_width", "Z_SCORE", 1],
      ["petal_length", "Z_SCORE", 1],
      ["petal_width", "Z_SCORE", 1],
    ]);
    expect(irisSpec.inputShape).toEqual([4]);
    expect(irisSpec.target).toEqual({
      feature: "species",
      type: "CATEGORY",
      shape: [],
      categories: ["setosa", "versicolor", "virginica"],
      scaling: "NONE",
      width: 3,
    });
    expect(irisSpec.layers.map(({ name, inputShape, outputShape }) => [name, inputShape, outputShape])).toEqual([
      ["dense_0", [4], [16]],
      ["dropout_1", [16], [16]],
      ["dense_2", [16], [16]],
      ["output", [16], [3]],
    ]);
    expect(irisSpec.loss).toEqual({ type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 });
    expect(irisSpec.metrics).toEqual(["ACCURACY"]);
  });

  test("has one digest, whether defaults are left out, null or written", () => {
    const written: ModelDeclaration = {
      ...irisSpecies,
      description: "not part of what is trained",
      inputs: ["sepal_length", "sepal_width", "petal_length", "petal_width"],
      preprocessing: [{ feature: "petal_width", method: "Z_SCORE" }],
      loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: null },
      metrics: ["ACCURACY"],
    };
    const nulls: ModelDeclaration = { ...irisSpecies, inputs: null, preprocessing: null, loss: null, metrics: null };
    for (const same of [irisSpecies, written, nulls]) {
      expect(digest(resolved(resolveModel(same, irisDataset)))).toBe(digest(irisSpec));
    }
    const inputs = ["petal_width"];
    expect(digest(resolved(resolveModel({ ...irisSpecies, inputs }, irisDataset)))).not.toBe(digest(irisSpec));
  });

  test.each([
    [
      "NUMBER",
      "LINEAR",
      1,
      "MEAN_SQUARED_ERROR",
      "Z_SCORE",
      ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR", "R2_SCORE"],
    ],
    ["VECTOR", "LINEAR", 3, "MEAN_SQUARED_ERROR", "Z_SCORE", ["MEAN_ABSOLUTE_ERROR", "ROOT_MEAN_SQUARED_ERROR"]],
    ["BINARY", "SIGMOID", 1, "BINARY_CROSSENTROPY", "NONE", ["ACCURACY", "AUC"]],
    ["CATEGORY", "SOFTMAX", 2, "CATEGORICAL_CROSSENTROPY", "NONE", ["ACCURACY"]],
  ] as const)(
    "with a %s target ends in %s over %i units with %s",
    (type, activation, width, loss, scaling, metrics) => {
      const spec = resolved(gardenModel({ target: targets[type] }));
      expect(spec.layers.at(-1)).toMatchObject({ type: "dense", name: "output", units: width, activation });
      expect(spec.target).toMatchObject({ type, scaling, width });
      expect(spec.loss.type).toBe(loss);
      expect(spec.metrics).toEqual(metrics);
    },
  );

  test("concatenates inputs, one-hot categories and flattened images included", () => {
    const spec = resolved(gardenModel({}));
    expect(spec.inputs.map(({ preprocessing, width }) => [preprocessing, width])).toEqual([
      ["NONE", 1],
      ["ONE_HOT", 2],
      ["Z_SCORE", 3],
      ["Z_SCORE", 4],
    ]);
    expect(spec.inputShape).toEqual([10]);
  });

  test("takes all features but those that are left out, which makes the same model as naming the others", () => {
    const [left, named] = [{ inputsExcept: ["photo", "colour"] }, { inputs: ["perennial", "spectrum"] }].map((inputs) =>
      resolved(gardenModel(inputs)),
    );
    expect(left).toEqual(named);
  });

  test("keeps the shape of a single image", () => {
    expect(resolved(imageModel({ flatten: {} })).inputShape).toEqual([2, 2, 1]);
  });

  test.each<[string, Partial<ModelDeclaration>, string[]]>([
    ["a bad name", { name: "a/b" }, ["name BAD_NAME"]],
    ["a long description", { description: "x".repeat(4001) }, ["description TOO_LONG"]],
    ["an unknown target", { target: "nope" }, ["target UNKNOWN_REFERENCE"]],
    ["an inherited property as target", { target: "constructor" }, ["target UNKNOWN_REFERENCE"]],
    ["an image as target", { target: "photo", inputs: ["height"] }, ["target CONTRADICTION"]],
    ["no inputs", { inputs: [] }, ["inputs EMPTY"]],
    ["an unknown input", { inputs: ["colour", "nope"] }, ["inputs[1] UNKNOWN_REFERENCE"]],
    ["its target as input", { inputs: ["colour", "height"] }, ["inputs[1] CONTRADICTION"]],
    ["unknown features left out", { inputsExcept: ["nope"] }, ["inputsExcept[0] UNKNOWN_REFERENCE"]],
    ["a feature left out twice", { inputsExcept: ["photo", "photo"] }, ["inputsExcept[1] DUPLICATE"]],
    ["all features left out", { inputsExcept: ["perennial", "colour", "spectrum", "photo"] }, ["inputsExcept EMPTY"]],
    [
      "inputs named and left out at once",
      { inputs: ["colour"], inputsExcept: ["photo"] },
      ["inputsExcept CONTRADICTION"],
    ],
    ["an input twice", { inputs: ["colour", "colour"] }, ["inputs[1] DUPLICATE"]],
    ["no layers at all", { layers: null as never }, ["layers REQUIRED"]],
    [
      "preprocessing of an unknown feature",
      { preprocessing: [{ feature: "nope", method: "NONE" }] },
      ["preprocessing[0].feature UNKNOWN_REFERENCE"],
    ],
    [
      "preprocessing of the target",
      { preprocessing: [{ feature: "height", method: "NONE" }] },
      ["preprocessing[0].feature CONTRADICTION"],
    ],
    [
      "preprocessing of what is no input",
      { inputs: ["spectrum"], preprocessing: [{ feature: "photo", method: "NONE" }] },
      ["preprocessing[0].feature CONTRADICTION"],
    ],
    [
      "preprocessing twice",
      {
        preprocessing: [
          { feature: "photo", method: "NONE" },
          { feature: "photo", method: "NONE" },
        ],
      },
      ["preprocessing[1].feature DUPLICATE"],
    ],
    [
      "a z-scored category",
      { preprocessing: [{ feature: "colour", method: "Z_SCORE" }] },
      ["preprocessing[0].method CONTRADICTION"],
    ],
    [
      "a one-hot vector",
      { preprocessing: [{ feature: "spectrum", method: "ONE_HOT" }] },
      ["preprocessing[0].method CONTRADICTION"],
    ],
    [
      "a min-max boolean",
      { preprocessing: [{ feature: "perennial", method: "MIN_MAX" }] },
      ["preprocessing[0].method CONTRADICTION"],
    ],
    [
      "an unknown method",
      { preprocessing: [{ feature: "photo", method: "WHITEN" as never }] },
      ["preprocessing[0].method BAD_TYPE"],
    ],
    ["a classifier's loss", { loss: { type: "BINARY_CROSSENTROPY" } }, ["loss.type CONTRADICTION"]],
    ["an unknown loss", { loss: { type: "CTC" as never } }, ["loss.type BAD_TYPE"]],
    ["delta without Huber", { loss: { type: "MEAN_SQUARED_ERROR", delta: 1 } }, ["loss.delta CONTRADICTION"]],
    [
      "label smoothing without a crossentropy",
      { loss: { type: "HUBER", labelSmoothing: 0 } },
      ["loss.labelSmoothing CONTRADICTION"],
    ],
    ["a delta of 0", { loss: { type: "HUBER", delta: 0 } }, ["loss.delta OUT_OF_RANGE"]],
    [
      "label smoothing of 1",
      { target: "colour", loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 1 } },
      ["loss.labelSmoothing OUT_OF_RANGE"],
    ],
    ["a classifier's metric", { metrics: ["MEAN_SQUARED_ERROR", "ACCURACY"] }, ["metrics[1] CONTRADICTION"]],
    ["AUC over a vector", { target: "spectrum", metrics: ["AUC"] }, ["metrics[0] CONTRADICTION"]],
    ["R2 over a vector", { target: "spectrum", metrics: ["R2_SCORE"] }, ["metrics[0] CONTRADICTION"]],
    ["a metric twice", { metrics: ["R2_SCORE", "R2_SCORE"] }, ["metrics[1] DUPLICATE"]],
    ["an unknown metric", { metrics: ["accuracy" as never] }, ["metrics[0] BAD_TYPE"]],
  ])("with %s is refused", (_, changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));

  test("may be measured by its loss alone", () => {
    expect(resolved(gardenModel({ metrics: [] })).metrics).toEqual([]);
  });

  test("resolves the losses' options", () => {
    expect(resolved(gardenModel({ loss: { type: "HUBER" } })).loss).toEqual({ type: "HUBER", delta: 1 });
    expect(resolved(gardenModel({ loss: { type: "LOG_COSH" } })).loss).toEqual({ type: "LOG_COSH" });
    const loss = { type: "BINARY_CROSSENTROPY", labelSmoothing: 0.1 } as const;
    expect(resolved(gardenModel({ target: "perennial", loss })).loss).toEqual(loss);
  });

  test("on an unknown dataset says so, along with what else is wrong", () => {
    const declaration: ModelDeclaration = {
      ...irisSpecies,
      layers: [{ dense: { units: 0 } }],
      loss: { type: "HUBER", delta: -1 },
    };
    for (const missing of [undefined, null]) {
      expect(faults(resolveModel(declaration, missing))).toEqual([
        "dataset UNKNOWN_REFERENCE",
        "layers[0].dense.units OUT_OF_RANGE",
        "loss.delta OUT_OF_RANGE",
      ]);
    }
    expect(faults(resolveModel(irisSpecies, null))).toEqual(["dataset UNKNOWN_REFERENCE"]);
  });

  test("answers all of its problems at once", () => {
    const declaration: Partial<ModelDeclaration> = {
      name: "",
      target: "nope",
      inputs: ["nope", "colour", "colour"],
      preprocessing: [{ feature: "colour", method: "MIN_MAX" }],
      layers: [{ dense: { units: 0 } }, { dropout: { rate: 1 } }, {}],
      metrics: ["AUC", "AUC"],
    };
    expect(faults(gardenModel(declaration))).toEqual([
      "name BAD_NAME",
      "target UNKNOWN_REFERENCE",
      "inputs[0] UNKNOWN_REFERENCE",
      "inputs[2] DUPLICATE",
      "preprocessing[0].method CONTRADICTION",
      "layers[0].dense.units OUT_OF_RANGE",
      "layers[1].dropout.rate OUT_OF_RANGE",
      "layers[2] EXACTLY_ONE",
      "metrics[1] DUPLICATE",
    ]);
  });

  test("whose inputs become more than a million numbers is refused", () => {
    const vector = (name: string): FeatureDeclaration => ({ name, type: "VECTOR", shape: [600_000] });
    const wide = resolved(resolveDataset({ ...garden, features: [...garden.features, vector("u"), vector("v")] }));
    const declaration = { name: "m", dataset: "garden", target: "height", layers: [] };
    expect(faults(resolveModel(declaration, wide))).toEqual(["inputs OUT_OF_RANGE"]);
    expect(resolveModel({ ...declaration, inputs: ["u"] }, wide).problems).toBeUndefined();
  });

  test("names the features that exist when one does not", () => {
    const { problems } = resolveModel({ ...irisSpecies, target: "specie" }, irisDataset);
    expect(problems?.[0]?.message).toBe(
      '"specie" is not a feature; the dataset has sepal_length, sepal_width, petal_length, petal_width and species.',
    );
    expect(gardenDataset.features).toHaveLength(5);
  });
});
