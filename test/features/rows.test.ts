import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { validateRows } from "../../src/features/rows.js";
import { inexactInteger } from "../../src/language/fields/exact-integers.js";
import { faults, gardenDataset, irisDataset } from "../language/declarations.js";

const { features } = gardenDataset;
const good = {
  height: 1.5,
  perennial: true,
  colour: "red",
  spectrum: [1, 2, 3],
  photo: [
    [[1], [2]],
    [[3], [4]],
  ],
};
const check = (...rows: unknown[]) => faults(validateRows(features, rows));
/** A row as it comes out of a request, where `__proto__` is a field like any other. */
const parsed = (text: string): unknown => JSON.parse(text);

describe("rows", () => {
  test("may have null or no field for a nullable feature, and no wrong value", () => {
    const nullable = features.map((feature) => ({ ...feature, nullable: true as const }));
    const height = { height: "tall" };
    expect(faults(validateRows(nullable, [{}, { height: null, photo: null }, { ...good }, height]))).toEqual([
      "rows[3].height BAD_TYPE",
    ]);
  });

  test("of every type pass, images nested or flat", () => {
    expect(check(good, { ...good, photo: [1, 2, 3, 4], height: -0, colour: "white", perennial: false })).toEqual([]);
  });

  test.each<[string, unknown, string[]]>([
    ["a number as text", { ...good, height: "1.5" }, ["rows[0].height BAD_TYPE"]],
    ["NaN", { ...good, height: Number.NaN }, ["rows[0].height OUT_OF_RANGE"]],
    ["infinity", { ...good, height: Number.POSITIVE_INFINITY }, ["rows[0].height OUT_OF_RANGE"]],
    ["infinity in 32 bits", { ...good, height: 1e39 }, ["rows[0].height OUT_OF_RANGE"]],
    ["a text of 100,000 characters", { ...good, height: "9".repeat(100_000) }, ["rows[0].height BAD_TYPE"]],
    ["0 for false", { ...good, perennial: 0 }, ["rows[0].perennial BAD_TYPE"]],
    ["an unknown category", { ...good, colour: "blue" }, ["rows[0].colour UNKNOWN_CATEGORY"]],
    ["a category's name in other case", { ...good, colour: "Red" }, ["rows[0].colour UNKNOWN_CATEGORY"]],
    ["an inherited property as category", { ...good, colour: "constructor" }, ["rows[0].colour UNKNOWN_CATEGORY"]],
    ["a category's index", { ...good, colour: 1 }, ["rows[0].colour BAD_TYPE"]],
    ["a short vector", { ...good, spectrum: [1, 2] }, ["rows[0].spectrum SHAPE_MISMATCH"]],
    ["an empty vector", { ...good, spectrum: [] }, ["rows[0].spectrum SHAPE_MISMATCH"]],
    ["a long vector", { ...good, spectrum: [1, 2, 3, 4] }, ["rows[0].spectrum SHAPE_MISMATCH"]],
    ["a nested vector", { ...good, spectrum: [[1], [2], [3]] }, ["rows[0].spectrum[0] BAD_TYPE"]],
    ["null in a vector", { ...good, spectrum: [1, null, 3] }, ["rows[0].spectrum[1] BAD_TYPE"]],
    ["NaN in a vector", { ...good, spectrum: [1, 2, Number.NaN] }, ["rows[0].spectrum[2] OUT_OF_RANGE"]],
    ["a hole in a vector", { ...good, spectrum: new Array(3) }, ["rows[0].spectrum[0] BAD_TYPE"]],
    ["a number as vector", { ...good, spectrum: 1 }, ["rows[0].spectrum BAD_TYPE"]],
    ["an object as vector", { ...good, spectrum: { length: 3 } }, ["rows[0].spectrum BAD_TYPE"]],
    ["a ragged image", { ...good, photo: [[[1], [2]], [[3]]] }, ["rows[0].photo[1] SHAPE_MISMATCH"]],
    ["a flat image of wrong size", { ...good, photo: [1, 2, 3] }, ["rows[0].photo SHAPE_MISMATCH"]],
    [
      "a text deep in an image",
      {
        ...good,
        photo: [
          [[1], [2]],
          [[3], ["x"]],
        ],
      },
      ["rows[0].photo[1][1][0] BAD_TYPE"],
    ],
    ["a null value", { ...good, height: null }, ["rows[0].height REQUIRED"]],
    ["an extra field", { ...good, weight: 1 }, ["rows[0].weight UNKNOWN_FIELD"]],
    ["an extra field with an odd name", { ...good, "a b": 1 }, ['rows[0]["a b"] UNKNOWN_FIELD']],
    ["null for a row", null, ["rows[0] BAD_TYPE"]],
    ["a list for a row", [1.5, true], ["rows[0] BAD_TYPE"]],
    ["a text for a row", "row", ["rows[0] BAD_TYPE"]],
    ["undefined for a row", undefined, ["rows[0] BAD_TYPE"]],
  ])("with %s are refused", (_, row, expected) => {
    expect(check(row)).toEqual(expected);
    for (const { message } of validateRows(features, [row])) expect(message.length).toBeLessThan(250);
  });

  test("have a quoted path where a feature's name is no identifier", () => {
    const named = ["a.b", "Länge (cm)", 'x"]', "__proto__"].map((name) => ({ ...features[0], name }) as never);
    expect(faults(validateRows(named, [{}, parsed('{"a.b":1,"Länge (cm)":1,"x\\"]":1,"__proto__":2}')]))).toEqual([
      'rows[0]["a.b"] REQUIRED',
      'rows[0]["Länge (cm)"] REQUIRED',
      'rows[0]["x\\"]"] REQUIRED',
      "rows[0].__proto__ REQUIRED",
    ]);
  });

  test("with a field named __proto__ are refused and change no prototype", () => {
    const row = parsed(JSON.stringify(good).replace("{", '{"__proto__":{"height":2},'));
    expect(check(row)).toEqual(["rows[0].__proto__ UNKNOWN_FIELD"]);
    expect(faults(validateRows(features, [parsed('{"__proto__":{"height":2}}')], { require: ["height"] }))).toEqual([
      "rows[0].height REQUIRED",
      "rows[0].__proto__ UNKNOWN_FIELD",
    ]);
    expect(Object.hasOwn(Object.prototype, "height")).toBe(false);
  });

  test("inherit nothing: what every object has is missing", () => {
    const named = ["constructor", "toString", "__proto__"].map((name) => ({ ...features[0], name }) as never);
    expect(faults(validateRows(named, [{}]))).toEqual([
      "rows[0].constructor REQUIRED",
      "rows[0].toString REQUIRED",
      "rows[0].__proto__ REQUIRED",
    ]);
  });

  test.each<[unknown, string]>([
    [[], "rows EMPTY"],
    [{}, "rows BAD_TYPE"],
    [null, "rows BAD_TYPE"],
    ["[]", "rows BAD_TYPE"],
  ])("%j is no batch", (rows, expected) => expect(faults(validateRows(features, rows))).toEqual([expected]));

  test("for a prediction need the inputs alone, may hold other features, and these are checked too", () => {
    const rules = { require: ["height"], path: "input.rows" };
    expect(validateRows(features, [{ height: 1 }, { height: 1, colour: null }], rules)).toEqual([]);
    expect(faults(validateRows(features, [{ height: 1, colour: "blue" }], rules))).toEqual([
      "input.rows[0].colour UNKNOWN_CATEGORY",
    ]);
    expect(validateRows(features, [{ height: 1, id: 7 }], { ...rules, allowExtra: true })).toEqual([]);
  });

  test("report every fault of every row", () => {
    const rows = [good, { ...good, height: "x", colour: "blue" }, null, { ...good, extra: 1 }];
    expect(check(...rows)).toEqual([
      "rows[1].height BAD_TYPE",
      "rows[1].colour UNKNOWN_CATEGORY",
      "rows[2] BAD_TYPE",
      "rows[3].extra UNKNOWN_FIELD",
    ]);
  });

  test("report at most 100 problems, and say where checking stopped if there are more", () => {
    const wrong = (length: number) => validateRows(features, new Array(length).fill(null));
    expect(wrong(100)).toHaveLength(100);
    const problems = wrong(1101);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toEqual({
      path: "rows",
      code: "BAD_TYPE",
      message: "there are more problems: checking stopped at rows[100].",
    });
  });

  /** 200 features of 2,000 categories of 256 characters. */
  const wide = Array.from({ length: 200 }, (_, index) => ({
    ...{ name: `feature_${index}`, type: "CATEGORY" as const, description: "", shape: [] },
    categories: Array.from({ length: 2_000 }, (__, code) => `${code}`.padEnd(256, "x")),
  }));

  test.each<[string, unknown[], number]>([
    ["that are empty", new Array(3_000).fill({}), 0],
    ["with unknown categories", new Array(3_000).fill({ feature_0: "unknown", feature_1: 1 }), 0],
    ["with fields of no feature", Array.from({ length: 3_000 }, (_, row) => ({ [`x${row}`]: 1 })), 0],
    ["that are no rows", new Array(3_000).fill(7), 100],
  ])("%s: 3,000 of them over 200 features of 2,000 categories are refused at once, in few words", (_, rows, stop) => {
    // Four runs, because the first pays for compiling; before, each took many seconds.
    const times = Array.from({ length: 4 }, () => {
      const start = performance.now();
      expect(validateRows(wide, rows)).toHaveLength(101);
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(40);
    const problems = validateRows(wide, rows);
    expect(problems.at(-1)?.message).toContain(`stopped at rows[${stop}].`);
    for (const { message } of problems) expect(message.length).toBeLessThan(1_000);
  });

  test("of correct values are checked to the last one", () => {
    const rows = Array.from({ length: 5_000 }, (_, row) => ({ ...good, height: row === 4_999 ? "x" : row }));
    expect(check(...rows)).toEqual(["rows[4999].height BAD_TYPE"]);
  });

  test.each<[string, object, string]>([
    ["a NUMBER", { height: inexactInteger("9007199254740993") }, "rows[0].height OUT_OF_RANGE"],
    [
      "an entry of a VECTOR",
      { spectrum: [1, inexactInteger("-9007199254740993"), 2] },
      "rows[0].spectrum[1] OUT_OF_RANGE",
    ],
    ["a CATEGORY", { colour: inexactInteger("9007199254740993") }, "rows[0].colour BAD_TYPE"],
  ])("an integer that 64-bit floats do not hold is refused as %s, by its digits", (_, value, expected) => {
    expect(check({ ...good, ...value })).toEqual([expected]);
    expect(validateRows(features, [{ ...good, ...value }])[0]?.message).toContain("9007199254740993");
  });

  test("with field names of 100,000 characters make short paths", () => {
    const [problem] = validateRows(irisDataset.features, [{ ["x".repeat(100_000)]: 1 }], { require: [] });
    expect(problem?.path.length).toBeLessThan(100);
  });

  test("never throw, whatever JSON they are, and pass only with every feature there", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()), fc.array(fc.object())), (rows) => {
        expect(validateRows(features, rows).length).toBeGreaterThan(0);
      }),
    );
  });

  test("never throw, whatever one value is", () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), fc.anything(), (name, value) => {
        for (const { path } of validateRows(features, [{ ...good, [name]: value }])) {
          expect(path.startsWith(`rows[0].${name}`)).toBe(true);
        }
      }),
    );
  });
});
