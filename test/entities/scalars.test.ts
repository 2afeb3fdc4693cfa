import { type GraphQLScalarType, parseValue } from "graphql";
import { describe, expect, it } from "vitest";
import { DateTimeScalar, Int64Scalar, JSONObjectScalar, JSONScalar, NumberScalar } from "../../src/entities/scalars.js";

const literal = (scalar: GraphQLScalarType, text: string) => scalar.parseLiteral(parseValue(text), { given: { a: 1 } });
const nested = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], 1);

describe("the Number scalar", () => {
  const pairs: [number, unknown][] = [
    [1.5, 1.5],
    [-0.1, -0.1],
    [5e-324, 5e-324],
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [Number.NEGATIVE_INFINITY, "-Infinity"],
  ];
  it.each(pairs)("writes %d as %j and reads it back", (inside, outside) => {
    expect(NumberScalar.serialize(inside)).toBe(outside);
    expect(NumberScalar.parseValue(JSON.parse(JSON.stringify(outside)))).toBe(inside);
    expect(literal(NumberScalar, JSON.stringify(outside))).toBe(inside);
  });

  it.each([null, true, "1.5", "nan", "+Infinity", {}, [], Number.POSITIVE_INFINITY])(
    "refuses the value %j",
    (value) => {
      expect(() => NumberScalar.parseValue(value)).toThrow(/^Number must be a number/);
    },
  );

  it.each(["true", '"1.5"', "ONE", "1e999", "[1]", "null"])("refuses the literal %s", (text) => {
    expect(() => literal(NumberScalar, text)).toThrow(/^Number must be a number/);
  });
});

describe("the Int64 scalar", () => {
  const pairs: [unknown, unknown, unknown][] = [
    [0, 0, 0],
    [-1, -1, -1],
    [2 ** 53 - 1, 2 ** 53 - 1, 2 ** 53 - 1],
    ["4294967296", 4294967296, 4294967296],
    [2n ** 53n, "9007199254740992", 2n ** 53n],
    ["9223372036854775807", "9223372036854775807", 2n ** 63n - 1n],
    [-(2n ** 63n), "-9223372036854775808", -(2n ** 63n)],
  ];
  it.each(pairs)("writes %s as %j and reads it back", (given, outside, inside) => {
    expect(Int64Scalar.serialize(given)).toBe(outside);
    expect(Int64Scalar.parseValue(outside)).toBe(inside);
    expect(literal(Int64Scalar, String(outside))).toBe(inside);
    expect(literal(Int64Scalar, `"${outside}"`)).toBe(inside);
  });

  it.each([1.5, 2 ** 53, Number.NaN, "", "1e3", "0x10", " 1", "9223372036854775808", true, null, {}])(
    "refuses %j",
    (value) => {
      expect(() => Int64Scalar.parseValue(value)).toThrow(/^Int64 must be a whole number/);
      expect(() => Int64Scalar.serialize(value)).toThrow(/^Int64 must be a whole number/);
    },
  );
});

describe("the JSON scalars", () => {
  it("take anything that JSON can write, as values and as literals with variables in them", () => {
    const value = { a: [1, "x", null, { b: true }] };
    expect(JSONScalar.parseValue(value)).toEqual(value);
    expect({ ...(literal(JSONScalar, '{a: [1.5, "x", null, {b: true}]}') as object) }).toEqual({
      a: [1.5, "x", null, { b: true }],
    });
    expect(literal(JSONScalar, "5")).toBe(5);
    expect(JSONScalar.serialize(value)).toBe(value);
    expect(JSONObjectScalar.parseValue(value)).toEqual(value);
  });

  it.each([1, "x", null, [], [{}]])("JSONObject refuses %j", (value) => {
    expect(() => JSONObjectScalar.parseValue(value)).toThrow(/JSONObject cannot represent non-object value/);
  });

  it.each([JSONScalar, JSONObjectScalar])("%s refuses `__proto__` keys, deep nesting and infinities", (scalar) => {
    const bad: [unknown, string, RegExp][] = [
      [JSON.parse('{"a": [{"__proto__": {"admin": true}}]}'), "{a: [{__proto__: {admin: true}}]}", /__proto__/],
      [{ a: nested(100_000) }, `{a: ${"[".repeat(100)}${"]".repeat(100)}}`, /nested at most 64 deep/],
      [{ a: Number.POSITIVE_INFINITY }, "{a: 1e999}", /finite/],
    ];
    for (const [value, text, message] of bad) {
      expect(() => scalar.parseValue(value)).toThrow(message);
      expect(() => literal(scalar, text)).toThrow(message);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("the DateTime scalar", () => {
  it("is a Date inside and RFC 3339 outside", () => {
    const at = new Date("2026-01-31T12:00:00.000Z");
    expect(JSON.stringify(DateTimeScalar.serialize(at))).toBe('"2026-01-31T12:00:00.000Z"');
    expect(DateTimeScalar.parseValue("2026-01-31T13:00:00+01:00")).toEqual(at);
    expect(() => DateTimeScalar.parseValue("yesterday")).toThrow();
  });
});
