import { describe, expect, test } from "vitest";
import {
  instantSpelling,
  numberSpelling,
  spelledBoolean,
  spelledInstant,
  spelledNumber,
} from "../../src/features/values/spellings.js";
import { inexactDigits } from "../../src/language/fields/exact-integers.js";

describe("numbers", () => {
  test.each([
    ["5.1", 5.1],
    ["-3", -3],
    ["+3", 3],
    [" 12 ", 12],
    ["1e-3", 0.001],
    [".5", 0.5],
    ["$1,234.50", 1234.5],
    ["-$5", -5],
    ["12 €", 12],
    ["12%", 0.12],
    ["1.234,5", 1234.5],
    ["1,234,567", 1234567],
    ["1,5", 1.5],
    ["1 234 567", 1234567],
    ["1,234", undefined],
    ["1_000", undefined],
    ["0x10", undefined],
    ["Infinity", undefined],
    ["nan", undefined],
    ["", undefined],
    ["-", undefined],
    ["1.2.3", undefined],
    ["12 monkeys", undefined],
  ])("`%s` spells %s where the marks are not known", (text, number) => {
    expect(spelledNumber(text)).toBe(number);
  });

  test("a column tells which mark comes before the fraction", () => {
    expect(numberSpelling(["1,234", "5", "1,234.5"])).toEqual({ decimal: "." });
    expect(numberSpelling(["1.234", "5,5", "0,001"])).toEqual({ decimal: "," });
    expect(numberSpelling(["1", "x"])).toBeUndefined();
    expect(spelledNumber("1.234", { decimal: "," })).toBe(1234);
    expect(spelledNumber("1,234", { decimal: "." })).toBe(1234);
    expect(spelledNumber("0,001", { decimal: "," })).toBe(0.001);
  });

  test("an integer that floats do not hold is told, not rounded", () => {
    expect(spelledNumber("9007199254740992")).toBe(2 ** 53);
    expect(inexactDigits(spelledNumber("9007199254740993"))).toBe("9007199254740993");
  });
});

test.each([
  ["yes", true],
  ["NO", false],
  ["T", true],
  ["f", false],
  ["1", true],
  ["0", false],
  ["True", true],
  ["maybe", undefined],
  ["", undefined],
])("`%s` says %s", (text, value) => {
  expect(spelledBoolean(text)).toBe(value);
});

describe("instants", () => {
  const noon = Date.UTC(2013, 0, 2, 12, 30, 5);
  test.each([
    ["2013-01-02T12:30:05Z", noon],
    ["2013-01-02 12:30:05", noon],
    ["2013-01-02 14:30:05+02", noon],
    ["2013/1/2 12:30:05", noon],
    ["Jan 2 2013 12:30:05 PM", noon],
    ["2 January 2013, 12:30:05", noon],
    ["Wed, 02 Jan 2013 12:30:05 GMT", noon],
    ["Jun 12 1998", Date.UTC(1998, 5, 12)],
    ["12-Jun-98", Date.UTC(1998, 5, 12)],
    ["2013-02-30", undefined],
    ["Foo 12 1998", undefined],
    ["1/2/2013", undefined],
    ["1356998400", undefined],
    ["2013", undefined],
  ])("`%s` is %s", (text, milliseconds) => {
    expect(spelledInstant(text)).toBe(milliseconds);
  });

  test("a column tells whether the day or the month comes first", () => {
    expect(instantSpelling(["1/2/2021", "1/31/2021"])).toEqual({ order: "MONTH_FIRST" });
    expect(instantSpelling(["1/2/2021", "31/1/2021"])).toEqual({ order: "DAY_FIRST" });
    expect(instantSpelling(["1/31/2021", "31/1/2021"])).toBeUndefined();
    expect(spelledInstant("1/31/2021", { order: "MONTH_FIRST" })).toBe(Date.UTC(2021, 0, 31));
    expect(spelledInstant("31.1.21 8:05 pm", { order: "DAY_FIRST" })).toBe(Date.UTC(2021, 0, 31, 20, 5));
    expect(spelledInstant("1356998400", { epoch: "SECONDS" })).toBe(1356998400000);
  });
});
