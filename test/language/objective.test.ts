import { describe, expect, test } from "vitest";
import { digest } from "../../src/language/fields/canonical.js";
import type { LossDeclaration, ModelDeclaration } from "../../src/language/models/model.js";
import { outputForm, targetRules } from "../../src/language/models/target.js";
import { faults, gardenModel, resolved } from "./declarations.js";

const targets = { NUMBER: "height", VECTOR: "spectrum", BINARY: "perennial", CATEGORY: "colour" };

describe("a loss", () => {
  test.each<[LossDeclaration, keyof typeof targets, object]>([
    [{ type: "BINARY_FOCAL_CROSSENTROPY" }, "BINARY", { alpha: null, gamma: 2, labelSmoothing: 0 }],
    [{ type: "BINARY_FOCAL_CROSSENTROPY", alpha: 0.3 }, "BINARY", { alpha: 0.3, gamma: 2, labelSmoothing: 0 }],
    [{ type: "CATEGORICAL_FOCAL_CROSSENTROPY" }, "CATEGORY", { alpha: 0.25, gamma: 2, labelSmoothing: 0 }],
    [
      { type: "CATEGORICAL_FOCAL_CROSSENTROPY", alpha: 2, gamma: 0, labelSmoothing: 0.1 },
      "CATEGORY",
      { alpha: 2, gamma: 0, labelSmoothing: 0.1 },
    ],
    [{ type: "SQUARED_HINGE" }, "BINARY", {}],
    [{ type: "CATEGORICAL_HINGE" }, "CATEGORY", {}],
  ])("%j of a %s takes Keras's defaults", (loss, target, options) => {
    expect(resolved(gardenModel({ target: targets[target], loss })).loss).toEqual({ type: loss.type, ...options });
  });

  test.each(["POISSON", "MEAN_SQUARED_LOGARITHMIC_ERROR", "MEAN_ABSOLUTE_PERCENTAGE_ERROR"] as const)(
    "%s leaves the target as it is, and the network puts out its logarithm",
    (type) => {
      const spec = resolved(gardenModel({ loss: { type } }));
      expect(spec.layers.at(-1)).toMatchObject({ name: "output", activation: "EXPONENTIAL" });
      expect(spec.target.scaling).toBe("NONE");
    },
  );

  test("KL_DIVERGENCE of a vector ends in a distribution", () => {
    const spec = resolved(gardenModel({ target: "spectrum", loss: { type: "KL_DIVERGENCE" } }));
    expect(spec.layers.at(-1)).toMatchObject({ activation: "SOFTMAX" });
    expect(spec.target.scaling).toBe("NONE");
  });

  test("that fits a target has an output that goes with it", () => {
    for (const [target, rules] of Object.entries(targetRules))
      for (const loss of rules.losses) {
        const { activation } = outputForm(loss, target as keyof typeof targetRules);
        if (target === "CATEGORY") expect(activation).toBe("SOFTMAX");
        if (target === "BINARY") expect(activation).toBe("SIGMOID");
      }
  });

  test.each<[string, Partial<ModelDeclaration>, string[]]>([
    ["a hinge loss for a number", { loss: { type: "HINGE" } }, ["loss.type CONTRADICTION"]],
    ["a binary hinge loss for classes", { target: "colour", loss: { type: "HINGE" } }, ["loss.type CONTRADICTION"]],
    ["a divergence of one number", { loss: { type: "KL_DIVERGENCE" } }, ["loss.type CONTRADICTION"]],
    [
      "focus without a focal loss",
      { loss: { type: "HUBER", gamma: 2, alpha: 0.5 } },
      ["loss.alpha CONTRADICTION", "loss.gamma CONTRADICTION"],
    ],
    [
      "negative focus",
      { target: "perennial", loss: { type: "BINARY_FOCAL_CROSSENTROPY", gamma: -1 } },
      ["loss.gamma OUT_OF_RANGE"],
    ],
    [
      "an alpha of 1 of two classes",
      { target: "perennial", loss: { type: "BINARY_FOCAL_CROSSENTROPY", alpha: 1 } },
      ["loss.alpha OUT_OF_RANGE"],
    ],
  ])("with %s is refused", (_, changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));
});

describe("PINBALL", () => {
  test("has one output for each quantile, and measures of its own", () => {
    const { target, layers, metrics, loss } = resolved(gardenModel({ loss: { type: "PINBALL" } }));
    expect(loss).toEqual({ type: "PINBALL", quantiles: [0.1, 0.5, 0.9] });
    expect(target).toMatchObject({ width: 3, quantiles: [0.1, 0.5, 0.9], scaling: "Z_SCORE" });
    expect(layers.at(-1)).toMatchObject({ name: "output", units: 3, activation: "LINEAR" });
    expect(metrics).toEqual(["MEAN_PINBALL_LOSS", "INTERVAL_COVERAGE"]);
  });

  test("of one quantile has one output, and no interval", () => {
    const { target, metrics } = resolved(gardenModel({ loss: { type: "PINBALL", quantiles: [0.9] } }));
    expect(target.width).toBe(1);
    expect(metrics).toEqual(["MEAN_PINBALL_LOSS"]);
  });

  test.each<[Partial<ModelDeclaration>, string[]]>([
    [{ loss: { type: "PINBALL", quantiles: [] } }, ["loss.quantiles EMPTY"]],
    [{ loss: { type: "PINBALL", quantiles: [0.5, 0.5] } }, ["loss.quantiles[1] OUT_OF_RANGE"]],
    [
      { loss: { type: "PINBALL", quantiles: [0, 1] } },
      ["loss.quantiles[0] OUT_OF_RANGE", "loss.quantiles[1] OUT_OF_RANGE"],
    ],
    [{ loss: { type: "HUBER", quantiles: [0.5] } }, ["loss.quantiles CONTRADICTION"]],
    [{ target: "spectrum", loss: { type: "PINBALL" } }, ["loss.type CONTRADICTION"]],
    [{ loss: { type: "PINBALL", quantiles: [0.9] }, metrics: ["INTERVAL_COVERAGE"] }, ["metrics[0] CONTRADICTION"]],
    [{ metrics: ["MEAN_PINBALL_LOSS"] }, ["metrics[0] CONTRADICTION"]],
    [{ loss: { type: "PINBALL" }, metrics: ["R2_SCORE", "MEAN_PINBALL_LOSS"] }, []],
  ])("%j has problems %j", (changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));
});

describe("metrics", () => {
  test.each<[Partial<ModelDeclaration>, string[]]>([
    [{ target: "perennial", metrics: ["AUC_PR", "AUC"] }, []],
    [{ metrics: ["MEAN_ABSOLUTE_PERCENTAGE_ERROR"] }, []],
    [{ target: "colour", metrics: ["TOP_2_ACCURACY"] }, ["metrics[0] CONTRADICTION"]],
    [{ target: "perennial", metrics: ["TOP_5_ACCURACY"] }, ["metrics[0] CONTRADICTION"]],
    [{ metrics: ["AUC_PR"] }, ["metrics[0] CONTRADICTION"]],
  ])("%j have problems %j", (changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));
});

describe("weights of classes", () => {
  test.each<[Partial<ModelDeclaration>, object]>([
    [{ target: "colour" }, { type: "NONE" }],
    [{ target: "colour", classWeights: { method: "BALANCED" } }, { type: "BALANCED" }],
    [
      { target: "colour", classWeights: { weights: [{ category: "white", weight: 3 }] } },
      { type: "GIVEN", weights: [1, 3] },
    ],
    [
      { target: "perennial", classWeights: { weights: [{ category: "true", weight: 2.5 }] } },
      { type: "GIVEN", weights: [1, 2.5] },
    ],
  ])("of %j are %j", (changes, expected) => {
    expect(resolved(gardenModel(changes)).classWeights).toEqual(expected);
  });

  const weighted = (...weights: { category: string; weight: number }[]) => ({
    target: "colour",
    classWeights: { weights },
  });
  test.each<[string, Partial<ModelDeclaration>, string[]]>([
    ["for a number", { classWeights: { method: "BALANCED" } }, ["classWeights CONTRADICTION"]],
    ["of no kind", { target: "colour", classWeights: {} }, ["classWeights EXACTLY_ONE"]],
    [
      "of an unknown method",
      { target: "colour", classWeights: { method: "FAIR" as never } },
      ["classWeights.method BAD_TYPE"],
    ],
    [
      "of an unknown category",
      weighted({ category: "blue", weight: 1 }),
      ["classWeights.weights[0].category UNKNOWN_CATEGORY"],
    ],
    [
      "of a category twice",
      weighted({ category: "red", weight: 1 }, { category: "red", weight: 2 }),
      ["classWeights.weights[1].category DUPLICATE"],
    ],
    ["of 0", weighted({ category: "red", weight: 0 }), ["classWeights.weights[0].weight OUT_OF_RANGE"]],
  ])("%s are refused", (_, changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));
});

describe("the weight of rows", () => {
  test("is a number that is no input", () => {
    const spec = resolved(gardenModel({ target: "colour", sampleWeight: "height" }));
    expect(spec.sampleWeight).toBe("height");
    expect(spec.inputs.map(({ feature }) => feature)).toEqual(["perennial", "spectrum", "photo"]);
    expect(resolved(gardenModel()).sampleWeight).toBeNull();
  });

  test.each<[string, Partial<ModelDeclaration>, string[]]>([
    ["unknown", { sampleWeight: "trust" }, ["sampleWeight UNKNOWN_REFERENCE"]],
    ["the target", { sampleWeight: "height" }, ["sampleWeight CONTRADICTION"]],
    ["no number", { sampleWeight: "colour" }, ["sampleWeight CONTRADICTION"]],
    [
      "an input, too",
      { target: "colour", inputs: ["spectrum", "height"], sampleWeight: "height" },
      ["inputs[1] CONTRADICTION"],
    ],
  ])("that is %s is refused", (_, changes, expected) => expect(faults(gardenModel(changes))).toEqual(expected));
});

describe("what becomes of rows that a model cannot use", () => {
  test("is refusal by default, which leaves the digest of a model as it was", () => {
    const absent = resolved(gardenModel());
    expect(absent).not.toHaveProperty("invalidRows");
    for (const invalidRows of [null, "REFUSE"] as const)
      expect(digest(resolved(gardenModel({ invalidRows })))).toBe(digest(absent));
    const skips = resolved(gardenModel({ invalidRows: "SKIP" }));
    expect(skips).toEqual({ ...absent, invalidRows: "SKIP" });
    expect(digest(skips)).not.toBe(digest(absent));
  });

  test("is one of the two, or a problem", () => {
    expect(faults(gardenModel({ invalidRows: "DROP" as never }))).toEqual(["invalidRows BAD_TYPE"]);
  });
});
