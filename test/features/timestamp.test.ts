import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTimestamp } from "../../src/language/fields/instant.js";

describe("a timestamp", () => {
  test.each([
    ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T14:00:00+02:00", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T06:30:00-0530", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01T13:00+01", "2026-03-01T12:00:00.000Z"],
    ["2026-03-01t12:00:00.5z", "2026-03-01T12:00:00.500Z"],
    ["2026-03-01T12:00:00.123999999Z", "2026-03-01T12:00:00.123Z"],
    ["2026-03-01", "2026-03-01T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["0099-12-31T00:00:00Z", "0099-12-31T00:00:00.000Z"],
    ["1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"],
  ])("%s is %s", (text, instant) => {
    expect(new Date(parseTimestamp(text) ?? Number.NaN).toISOString()).toBe(instant);
  });

  test.each([
    ["no zone", "2026-03-01T12:00:00"],
    ["a day that the month does not have", "2026-02-30"],
    ["a leap day in another year", "2025-02-29T00:00:00Z"],
    ["the thirteenth month", "2026-13-01"],
    ["the zeroth day", "2026-03-00"],
    ["the 24th hour", "2026-03-01T24:00:00Z"],
    ["a leap second", "2016-12-31T23:59:60Z"],
    ["an offset of more than a day", "2026-03-01T12:00:00+24:00"],
    ["a number of seconds", "1767225600"],
    ["white space around it", " 2026-03-01"],
    ["a space for the T", "2026-03-01 12:00:00Z"],
    ["words", "yesterday"],
    ["nothing", ""],
    ["very much", `2026-03-01T12:00:00.${"0".repeat(1_000_000)}Z`],
  ])("with %s is none", (_, text) => {
    expect(parseTimestamp(text)).toBeUndefined();
  });

  test("is what ECMAScript writes for any instant of the years 0 to 9999", () => {
    const [min, max] = [Date.UTC(100), Date.UTC(9999, 11, 31)];
    fc.assert(
      fc.property(fc.integer({ min, max }), (instant) => {
        expect(parseTimestamp(new Date(instant).toISOString())).toBe(instant);
      }),
    );
  });
});
