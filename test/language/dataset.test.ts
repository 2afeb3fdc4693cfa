import { describe, expect, test } from "vitest";
import type { DatasetDeclaration, FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import { faults, garden, iris, irisDataset, resolved } from "./declarations.js";

const first = { name: "a", type: "NUMBER" } as const;
const withFeature = (feature: object): DatasetDeclaration => ({
  name: "d",
  features: [first, feature as FeatureDeclaration],
});
const withSplit = (split: DatasetDeclaration["split"]): DatasetDeclaration => ({ ...garden, split });

describe("a dataset", () => {
  test("of the contract resolves with every default filled in", () => {
    expect(irisDataset.split).toEqual({ train: 0.8, validation: 0.1, test: 0.1, key: null, seed: 0 });
    expect(irisDataset.features[0]).toEqual({
      name: "sepal_length",
      type: "NUMBER",
      description: "",
      categories: [],
      shape: [],
    });
  });

  test("has one digest, whether defaults are left out, null or written", () => {
    const { split: _, ...withoutSplit } = iris;
    const written = { ...iris, split: { train: 0.8, validation: null, key: null, seed: 0, test: 0.1 } };
    const digests = [iris, withoutSplit, { ...iris, split: null }, written].map((each) =>
      digest(resolved(resolveDataset(each))),
    );
    expect(new Set(digests).size).toBe(1);
  });

  test.each<[DatasetDeclaration["split"], [number, number, number]]>([
    [{}, [0.8, 0.1, 0.1]],
    [{ train: 0.7 }, [0.7, 0.15, 0.15]],
    [{ train: 1 }, [1, 0, 0]],
    [{ validation: 0.2 }, [0.7, 0.2, 0.1]],
    [{ test: 0 }, [0.9, 0.1, 0]],
    [{ train: 0.6, test: 0.2 }, [0.6, 0.2, 0.2]],
    [{ train: 0.8, validation: 0.2 }, [0.8, 0.2, 0]],
    [{ validation: 0.3, test: 0.3 }, [0.4, 0.3, 0.3]],
  ])("with split %j gives %j", (split, [train, validation, test]) => {
    expect(resolved(resolveDataset(withSplit(split))).split).toMatchObject({ train, validation, test });
  });

  test.each<[string, DatasetDeclaration["split"], string[]]>([
    ["sums to more than 1", { train: 0.8, validation: 0.3, test: 0.1 }, ["split OUT_OF_RANGE"]],
    ["sums to less than 1", { train: 0.8, validation: 0.1, test: 0 }, ["split OUT_OF_RANGE"]],
    ["leaves a part below 0", { validation: 0.95 }, ["split OUT_OF_RANGE"]],
    ["trains on nothing", { train: 0, validation: 0.5, test: 0.5 }, ["split.train OUT_OF_RANGE"]],
    ["has a negative fraction", { train: 1.1, test: -0.1 }, ["split.train OUT_OF_RANGE", "split.test OUT_OF_RANGE"]],
    ["has a fraction that is NaN", { test: Number.NaN }, ["split.test OUT_OF_RANGE"]],
    ["has a negative seed", { seed: -1 }, ["split.seed OUT_OF_RANGE"]],
    ["has a seed beyond 31 bits", { seed: 2 ** 31 }, ["split.seed OUT_OF_RANGE"]],
    ["has a broken seed", { seed: 0.5 }, ["split.seed BAD_TYPE"]],
    ["is keyed by no feature", { key: "nope" }, ["split.key UNKNOWN_REFERENCE"]],
    ["is keyed by an image", { key: "photo" }, ["split.key CONTRADICTION"]],
    ["is keyed by a vector", { key: "spectrum" }, ["split.key CONTRADICTION"]],
    ["has two rules", { key: "height", stratifyBy: "colour" }, ["split.stratifyBy CONTRADICTION"]],
    ["has no keys", { keys: [] }, ["split.keys EMPTY"]],
    ["has a key twice", { keys: ["height", "height"] }, ["split.keys[1] DUPLICATE"]],
    ["has a key that is an image", { keys: ["height", "photo"] }, ["split.keys[1] CONTRADICTION"]],
    ["has strata of vectors", { stratifyBy: "spectrum" }, ["split.stratifyBy CONTRADICTION"]],
    ["has strata of no feature", { stratifyBy: "nope" }, ["split.stratifyBy UNKNOWN_REFERENCE"]],
    ["is in the order of colours", { time: { feature: "colour" } }, ["split.time.feature CONTRADICTION"]],
    [
      "compares a number with an instant",
      { time: { feature: "height", testFrom: "2026-01-01" } },
      ["split.time.testFrom CONTRADICTION"],
    ],
    ["has a column of other values", { column: "colour" }, ["split.column CONTRADICTION"]],
    ["has a column of numbers", { column: "height" }, ["split.column CONTRADICTION"]],
  ])("whose split %s is refused", (_, split, expected) => {
    expect(faults(resolveDataset(withSplit(split)))).toEqual(expected);
  });

  test("may have features whose names differ in case alone, or are no identifiers", () => {
    for (const name of ["A", "__proto__", "constructor", "Sepal length (cm)"])
      expect(resolved(resolveDataset(withFeature({ name, type: "NUMBER" }))).features[1]?.name).toBe(name);
  });

  test("may lack values of a nullable feature, and tells only of those, so that digests stay", () => {
    const declare = (nullable?: boolean | null) =>
      resolved(resolveDataset(withFeature({ name: "b", type: "TEXT", ...(nullable !== undefined && { nullable }) })));
    expect(declare(true).features[1]).toMatchObject({ name: "b", nullable: true });
    expect(declare(false).features[1]).not.toHaveProperty("nullable");
    expect(new Set([declare(), declare(null), declare(false)].map(digest)).size).toBe(1);
    expect(faults(resolveDataset(withFeature({ name: "b", type: "TEXT", nullable: "yes" })))).toEqual([
      "features[1].nullable BAD_TYPE",
    ]);
  });

  test("resolves a split to its one rule, and a single key to `key`", () => {
    const resolvedSplit = (split: object, feature = { name: "b", type: "TIMESTAMP" }) =>
      resolved(resolveDataset({ ...withFeature(feature), split })).split;
    const shares = { train: 0.8, validation: 0.1, test: 0.1, seed: 0 };
    expect(resolvedSplit({ keys: ["b"] })).toEqual({ ...shares, key: "b" });
    expect(resolvedSplit({ keys: ["b", "a"] })).toEqual({ ...shares, key: null, keys: ["b", "a"] });
    expect(resolvedSplit({ stratifyBy: "b" })).toEqual({ ...shares, key: null, stratifyBy: "b" });
    expect(resolvedSplit({ time: { feature: "b", testFrom: "2026-03-01T02:00:00+02:00" } })).toEqual({
      ...{ ...shares, key: null },
      time: { feature: "b", testFrom: "2026-03-01T00:00:00.000Z" },
    });
    expect(resolvedSplit({ column: "b" }, { name: "b", type: "TEXT" })).toEqual({ ...shares, key: null, column: "b" });
  });

  test.each([
    [{ validationFrom: "yesterday" }, ["split.time.validationFrom BAD_TYPE"]],
    [{ validationFrom: "2026-02-01", testFrom: "2026-01-01" }, ["split.time.validationFrom OUT_OF_RANGE"]],
  ])("refuses the instants %j", (instants, expected) => {
    const split = { time: { feature: "b", ...instants } };
    expect(faults(resolveDataset({ ...withFeature({ name: "b", type: "TIMESTAMP" }), split }))).toEqual(expected);
  });

  test("may be split by a feature that may lack values", () => {
    const nullable = { name: "b", type: "NUMBER", nullable: true };
    expect(resolved(resolveDataset({ ...withFeature(nullable), split: { key: "b" } })).split.key).toBe("b");
  });

  test.each(["height", "perennial", "colour"])("can be split by %s", (key) => {
    expect(resolved(resolveDataset(withSplit({ key }))).split.key).toBe(key);
  });

  test.each<[string, object, string[]]>([
    ["no name", { type: "NUMBER" }, ["features[1].name REQUIRED"]],
    ["a bad name", { name: "a b ", type: "NUMBER" }, ["features[1].name BAD_NAME"]],
    ["the name of another", { name: "a", type: "NUMBER" }, ["features[1].name DUPLICATE"]],
    ["no type", { name: "b" }, ["features[1].type REQUIRED"]],
    ["an unknown type", { name: "b", type: "AUDIO" }, ["features[1].type BAD_TYPE"]],
    [
      "a long description",
      { name: "b", type: "NUMBER", description: "x".repeat(4001) },
      ["features[1].description TOO_LONG"],
    ],
    ["a description with NUL", { name: "b", type: "NUMBER", description: "\0" }, ["features[1].description BAD_TYPE"]],
    ["empty categories", { name: "b", type: "CATEGORY", categories: [] }, ["features[1].categories EMPTY"]],
    ["one category", { name: "b", type: "CATEGORY", categories: ["x"] }, ["features[1].categories OUT_OF_RANGE"]],
    [
      "a category twice",
      { name: "b", type: "CATEGORY", categories: ["x", "x"] },
      ["features[1].categories[1] DUPLICATE"],
    ],
    ["an empty category", { name: "b", type: "CATEGORY", categories: ["x", ""] }, ["features[1].categories[1] EMPTY"]],
    [
      "a long category",
      { name: "b", type: "CATEGORY", categories: ["x", "y".repeat(257)] },
      ["features[1].categories[1] TOO_LONG"],
    ],
    [
      "half a surrogate pair",
      { name: "b", type: "CATEGORY", categories: ["x", "\ud800"] },
      ["features[1].categories[1] BAD_TYPE"],
    ],
    [
      "a category that is no text",
      { name: "b", type: "CATEGORY", categories: ["x", 1] },
      ["features[1].categories[1] BAD_TYPE"],
    ],
    [
      "too many categories",
      { name: "b", type: "CATEGORY", categories: Array.from({ length: 10_001 }, (_, i) => `${i}`) },
      ["features[1].categories TOO_LONG"],
    ],
    [
      "categories on a number",
      { name: "b", type: "NUMBER", categories: ["x", "y"] },
      ["features[1].categories CONTRADICTION"],
    ],
    [
      "a shape on a category",
      { name: "b", type: "CATEGORY", categories: ["x", "y"], shape: [2] },
      ["features[1].shape CONTRADICTION"],
    ],
    ["no shape on a vector", { name: "b", type: "VECTOR" }, ["features[1].shape REQUIRED"]],
    ["two entries on a vector", { name: "b", type: "VECTOR", shape: [2, 2] }, ["features[1].shape SHAPE_MISMATCH"]],
    ["two entries on an image", { name: "b", type: "IMAGE", shape: [28, 28] }, ["features[1].shape SHAPE_MISMATCH"]],
    ["a length of 0", { name: "b", type: "VECTOR", shape: [0] }, ["features[1].shape[0] OUT_OF_RANGE"]],
    ["a broken length", { name: "b", type: "VECTOR", shape: [1.5] }, ["features[1].shape[0] BAD_TYPE"]],
    ["a huge image", { name: "b", type: "IMAGE", shape: [1000, 1000, 3] }, ["features[1].shape OUT_OF_RANGE"]],
  ])("whose feature has %s is refused", (_, feature, expected) => {
    expect(faults(resolveDataset(withFeature(feature)))).toEqual(expected);
  });

  test.each<[object[], string[]]>([
    [[], ["features EMPTY"]],
    [[first], ["features OUT_OF_RANGE"]],
    [Array.from({ length: 20_001 }, (_, i) => ({ name: `f${i}`, type: "NUMBER" })), ["features TOO_LONG"]],
  ])("with too few or too many features is refused (%#)", (features, expected) => {
    expect(faults(resolveDataset({ name: "d", features: features as FeatureDeclaration[] }))).toEqual(expected);
  });

  test("answers all of its problems at once", () => {
    const declaration: DatasetDeclaration = {
      name: "1",
      description: "x".repeat(5000),
      features: [
        { name: "ok", type: "NUMBER" },
        { name: "a\nb", type: "CATEGORY", categories: ["x", "y", "x"] },
        { name: "v", type: "VECTOR", shape: [-1] },
      ],
      split: { test: 2, key: "nope", seed: -5 },
    };
    expect(faults(resolveDataset(declaration))).toEqual([
      "name BAD_NAME",
      "description TOO_LONG",
      "features[1].name BAD_NAME",
      "features[1].categories[2] DUPLICATE",
      "features[2].shape[0] OUT_OF_RANGE",
      "split.test OUT_OF_RANGE",
      "split.key UNKNOWN_REFERENCE",
      "split.seed OUT_OF_RANGE",
    ]);
  });

  test("says what was given, cut short, and what is allowed", () => {
    const { problems } = resolveDataset({ ...iris, name: "!".repeat(100_000) });
    expect(problems?.[0]?.message).toContain("beginning with a letter");
    expect(problems?.[0]?.message).toContain("100,000 characters");
    expect(problems?.[0]?.message.length).toBeLessThan(250);
  });

  test("with 10,000 faults lists 1,000 and counts the rest", () => {
    const categories = Array.from({ length: 10_000 }, () => "");
    const { problems } = resolveDataset(withFeature({ name: "b", type: "CATEGORY", categories }));
    expect(problems).toHaveLength(1001);
    expect(problems?.at(-1)?.message).toBe("9,000 more problems are not listed.");
  });
});
