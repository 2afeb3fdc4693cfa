import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, digest } from "../../src/language/fields/canonical.js";

/** The same value with the keys of every object in the opposite order. */
function withKeysReversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withKeysReversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withKeysReversed(item)]);
  return Object.fromEntries(entries.reverse());
}

describe("canonical JSON", () => {
  test("sorts keys, keeps the order of lists and has no white space", () => {
    expect(canonicalJson({ b: [2, 1], a: { d: null, c: "x" }, B: true })).toBe(
      '{"B":true,"a":{"c":"x","d":null},"b":[2,1]}',
    );
  });

  test.each([
    [-0, "0"],
    [1e21, "1e+21"],
    [1.0, "1"],
    [0.1 + 0.2, "0.30000000000000004"],
    [5e-324, "5e-324"],
    [Object.create(null), "{}"],
    ["\u2028é\n", '"\u2028é\\n"'],
  ])("writes %s as RFC 8785 does", (value, text) => expect(canonicalJson(value)).toBe(text));

  test.each([
    ["undefined", { a: undefined }, "$.a"],
    ["NaN", [Number.NaN], "$[0]"],
    ["infinity", { a: [Number.POSITIVE_INFINITY] }, "$.a[0]"],
    ["a bigint", 1n, "$"],
    ["a function", { a: () => 1 }, "$.a"],
    ["a Date", new Date(0), "$"],
    ["a Map", new Map(), "$"],
    ["a hole in a list", new Array(1), "$[0]"],
  ])("refuses %s and names the place", (_, value, place) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
    expect(() => canonicalJson(value)).toThrow(place);
  });

  test("reads back as the value it was written from", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(positive(value));
      }),
    );
  });
});

/** Negative zero does not survive JSON. */
function positive(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe("a digest", () => {
  test("is a known SHA-256 of the canonical text", () => {
    expect(digest({})).toBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });

  test("does not depend on the order of keys", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(digest(withKeysReversed(value))).toBe(digest(value));
      }),
    );
  });

  test("differs where a list's order differs", () => {
    expect(digest(["a", "b"])).not.toBe(digest(["b", "a"]));
  });
});
