import { describe, expect, it } from "vitest";
import { tableFromRows } from "../../src/features/table.js";
import { rareCategories } from "../../src/trainer/rare-categories.js";
import { feature, modelOf } from "../features/features.js";

const list = ["common", "rare", "never"];
const tail = feature("tail", "CATEGORY", { categories: list });
const table = tableFromRows(
  [tail],
  Array.from({ length: 10 }, (_, row) => ({ tail: row === 0 ? "rare" : "common" })),
);
const rows = Uint32Array.from({ length: 10 }, (_, row) => row);

/** A model whose second input may be OTHER, by a method. */
function modelBy(method: "ONE_HOT" | "ORDINAL") {
  const model = modelOf(
    [
      [feature("x", "NUMBER"), "NONE"],
      [tail, method],
    ],
    feature("y", "NUMBER"),
  );
  const [first, second] = model.inputs as [(typeof model.inputs)[0], (typeof model.inputs)[0]];
  return { inputs: [first, { ...second, unseen: "OTHER" as const, width: method === "ONE_HOT" ? 4 : 1 }] };
}

describe("categories that are replaced while training", () => {
  it("are OTHER once in n + 1 cases, n being their training rows", () => {
    const replace = rareCategories(modelBy("ORDINAL"), table, rows, 7);
    const counts = [0, 0];
    for (let step = 0; step < 2_000; step++) {
      const x = Float32Array.of(5, 0, 5, 1);
      replace?.({ x, count: 2 }, step);
      expect([x[0], x[2]]).toEqual([5, 5]);
      for (const row of [0, 1]) if (x[2 * row + 1] === 3) counts[row] = (counts[row] as number) + 1;
    }
    // Nine rows: 1 in 10. One row: 1 in 2.
    expect((counts[0] as number) / 2_000).toBeCloseTo(0.1, 1);
    expect((counts[1] as number) / 2_000).toBeCloseTo(0.5, 1);
  });

  it("are the same ones for the same seed and step, one-hot as by their code; an unseen one stays", () => {
    const byCode = rareCategories(modelBy("ORDINAL"), table, rows, 7);
    const oneHot = rareCategories(modelBy("ONE_HOT"), table, rows, 7);
    const other = rareCategories(modelBy("ORDINAL"), table, rows, 8);
    let [same, differing] = [0, 0];
    for (let step = 0; step < 200; step++) {
      const codes = Float32Array.of(0, 1, 0, 3);
      const again = codes.slice();
      const seeded = codes.slice();
      const places = Float32Array.of(0, 0, 1, 0, 0, 0, 0, 0, 0, 1);
      byCode?.({ x: codes, count: 2 }, step);
      byCode?.({ x: again, count: 2 }, step);
      other?.({ x: seeded, count: 2 }, step);
      oneHot?.({ x: places, count: 2 }, step);
      expect(codes).toEqual(again);
      expect(codes[3]).toBe(3);
      expect([...places.subarray(1, 5)].indexOf(1)).toBe(codes[1]);
      if (codes[1] === seeded[1]) same++;
      else differing++;
    }
    expect(Math.min(same, differing)).toBeGreaterThan(50);
  });

  it("are none of a model that refuses what it does not know", () => {
    const { inputs } = modelBy("ORDINAL");
    const refusing = inputs.map(({ unseen: _, ...input }) => input);
    expect(rareCategories({ inputs: refusing }, table, rows, 7)).toBeUndefined();
  });
});
