import { describe, expect, test } from "vitest";
import {
  columnOf,
  concatenateTables,
  featureWidth,
  rowsFromTable,
  selectRows,
  tableFromRows,
} from "../../src/features/table.js";
import { feature } from "./features.js";

const size = feature("size", "NUMBER");
const sold = feature("sold", "BINARY");
const kind = feature("kind", "CATEGORY", { categories: ["flat", "house"] });
const place = feature("place", "VECTOR", { shape: [2] });
const photo = feature("photo", "IMAGE", { shape: [2, 1, 3] });
const features = [size, sold, kind, place, photo];

const rows = [
  { size: 1.5, sold: true, kind: "house", place: [1, 2], photo: [1, 2, 3, 4, 5, 6] },
  { size: -0, sold: false, kind: "flat", place: [3, 4], photo: [[[7, 8, 9]], [[10, 11, 12]]] },
];

describe("a table", () => {
  test("holds each feature's numbers row after row, images in the order height, width, channel", () => {
    const table = tableFromRows(features, rows);
    expect(table.rowCount).toBe(2);
    expect(Object.fromEntries(features.map((each) => [each.name, [...columnOf(table, each)]]))).toEqual({
      size: [1.5, -0],
      sold: [1, 0],
      kind: [1, 0],
      place: [1, 2, 3, 4],
      photo: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
    });
  });

  test("gives back the rows it was made from, with flat images", () => {
    expect(rowsFromTable(features, tableFromRows(features, rows))).toEqual([
      rows[0],
      { ...rows[1], photo: [7, 8, 9, 10, 11, 12] },
    ]);
  });

  test("takes 0 and 1 for a BINARY", () => {
    const table = tableFromRows([sold], [{ sold: 1 }, { sold: 0 }]);
    expect(rowsFromTable([sold], table)).toEqual([{ sold: true }, { sold: false }]);
  });

  test("may have a feature of any name an object inherits", () => {
    const odd = [feature("__proto__", "NUMBER"), feature("constructor", "NUMBER")];
    const given = JSON.parse('[{"__proto__": 1, "constructor": 2}]');
    const [row] = rowsFromTable(odd, tableFromRows(odd, given));
    expect(Object.entries(row ?? {})).toEqual([
      ["__proto__", 1],
      ["constructor", 2],
    ]);
  });

  test.each([
    ["a category that is not declared", kind, "castle"],
    ["a number as text", size, "1.5"],
    ["NaN", size, Number.NaN],
    ["a missing value", size, undefined],
    ["a number that is neither 0 nor 1 for a BINARY", sold, 2],
    ["a vector that is too short", place, [1]],
    ["a vector that is too long", place, [1, 2, 3]],
    ["a plain number for a vector", place, 1],
    ["an image with a hole", photo, [1, 2, 3, 4, 5, null]],
  ])("refuses %s, naming row and feature", (_, of, value) => {
    const good = rows[0] ?? {};
    const bad = { ...good, [of.name]: value };
    expect(() => tableFromRows(features, [good, bad])).toThrow(
      expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining(`rows[1].${of.name}`) }),
    );
  });

  test("is as wide as the product of a feature's shape", () => {
    expect(features.map(featureWidth)).toEqual([1, 1, 1, 2, 6]);
  });
});

describe("rows of tables", () => {
  const table = tableFromRows(features, rows);

  test("are selected in the order asked for, with repetitions", () => {
    const selected = rowsFromTable(features, selectRows(table, [1, 0, 1]));
    expect(selected.map((row) => row.place)).toEqual([
      [3, 4],
      [1, 2],
      [3, 4],
    ]);
    expect(selectRows(tableFromRows(features, []), []).rowCount).toBe(0);
  });

  test.each([[2], [-1], [0.5], [Number.NaN]])("cannot be selected by %s", (index) => {
    expect(() => selectRows(table, [0, index])).toThrow(expect.objectContaining({ code: "BAD_INPUT" }));
  });

  test("are concatenated, tables without rows included", () => {
    const empty = tableFromRows(features, []);
    const joined = concatenateTables([empty, selectRows(table, [0]), empty, selectRows(table, [1])]);
    expect(joined).toEqual(table);
    expect(concatenateTables([empty, empty])).toEqual(empty);
  });

  test("are not concatenated when features or widths differ, or when there are none", () => {
    const wider = tableFromRows([feature("place", "VECTOR", { shape: [3] })], [{ place: [1, 2, 3] }]);
    const narrow = tableFromRows([place], [{ place: [1, 2] }]);
    for (const tables of [[], [narrow, wider], [narrow, table], [table, narrow]]) {
      expect(() => concatenateTables(tables)).toThrow(expect.objectContaining({ code: "BAD_INPUT" }));
    }
  });
});
