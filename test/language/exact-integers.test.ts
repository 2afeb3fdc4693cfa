import fc from "fast-check";
import { expect, test } from "vitest";
import { inexactDigits, markInexactIntegers, parseJson } from "../../src/language/fields/exact-integers.js";

test.each([
  ["9007199254740993", "9007199254740993"],
  ["-9007199254740993", "-9007199254740993"],
  ["12345678901234567890123", "12345678901234567890123"],
  ["9007199254740991", undefined],
  ["9007199254740992", undefined],
  ["1152921504606846976", undefined],
  ["0.30000000000000004", undefined],
  ["9007199254740993e0", undefined],
  ['"9007199254740993"', undefined],
])("of %s is remembered what was sent: %s", (text, digits) => {
  expect(inexactDigits(parseJson(text))).toBe(digits);
  if (digits === undefined) expect(parseJson(text)).toBe(JSON.parse(text));
});

test("strings are left alone, whatever they hold and escape", () => {
  const text = String.raw`{"a\"9007199254740993":"\\","b":["9007199254740993\\\"9007199254740993",9007199254740993]}`;
  const value = parseJson(text) as { b: unknown[] };
  expect(Object.keys(value)).toEqual(['a"9007199254740993', "b"]);
  expect(value.b[0]).toBe('9007199254740993\\"9007199254740993');
  expect(inexactDigits(value.b[1])).toBe("9007199254740993");
});

test("any other JSON is parsed as ever", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify([value, "1234567890123456", 0.1234567890123456]);
      expect(parseJson(text)).toEqual(JSON.parse(text));
    }),
  );
  expect(() => parseJson('{"a": 9007199254740993,}')).toThrow(SyntaxError);
  expect(markInexactIntegers('"9007199254740993')).toBe('"9007199254740993');
});
