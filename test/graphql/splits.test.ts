import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { splitLimits } from "../../src/datasets/strata.js";
import { type Api, openApi } from "./api.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const features = [
  { name: "kind", type: "TEXT", nullable: true },
  { name: "at", type: "TIMESTAMP", nullable: true },
  { name: "size", type: "NUMBER" },
];

async function mutate(name: string, type: string, selection: string, input: object) {
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { problems { path code message } ${selection} } }`;
  const { data, errors } = await api.ask(query, { input });
  if (errors) throw new Error(JSON.stringify(errors));
  return data[name];
}
const declare = async (name: string, split: object) =>
  expect((await mutate("declareDataset", "DeclareDatasetInput", "", { name, features, split })).problems).toEqual([]);
const append = (dataset: string, rows: object[]) =>
  mutate("appendRows", "AppendRowsInput", "version { rowCount splitCounts { train validation test } }", {
    dataset,
    rows,
  });
const kinds = (...letters: string[]) => letters.map((kind, size) => ({ kind, size }));

describe("the split of a dataset", () => {
  it("by strata gives each value its shares, however many appends there are, also at once", async () => {
    await declare("strata", { stratifyBy: "kind" });
    await Promise.all(Array.from({ length: 10 }, () => append("strata", [...kinds("a", "a", "a", "b"), { size: 1 }])));
    const { version } = await append("strata", kinds(...Array.from({ length: 10 }, () => "c")));
    // 30 of a, 10 of b, 10 without a value, 10 of c.
    expect(version).toEqual({ rowCount: 60, splitCounts: { train: 48, validation: 6, test: 6 } });
  });

  it("by time counts each append, and a load in parts as one", async () => {
    await declare("time", { train: 0.5, validation: 0, test: 0.5, time: { feature: "at" } });
    const days = (...numbers: number[]) => numbers.map((day) => ({ at: `2026-01-0${day}`, size: day }));
    expect((await append("time", days(4, 3, 2, 1))).version.splitCounts).toEqual({ train: 2, validation: 0, test: 2 });
    const { data } = await api.ask(`{ dataset(name: "time") { split { key time { feature testFrom } stratifyBy } } }`);
    expect(data.dataset.split).toEqual({ key: null, time: { feature: "at", testFrom: null }, stratifyBy: null });
  });

  it("by a column refuses a row that names no part", async () => {
    await declare("column", { column: "kind" });
    const refused = await append("column", [...kinds("train", "test", "Test"), { size: 1 }]);
    expect(refused.problems).toMatchObject([
      { path: "rows[2].kind", code: "OUT_OF_RANGE" },
      { path: "rows[3].kind", code: "REQUIRED" },
    ]);
    const { version } = await append("column", kinds("train", "test", "train"));
    expect(version.splitCounts).toEqual({ train: 2, validation: 0, test: 1 });
  });

  it("refuses more strata than there may be, and stores nothing", async () => {
    await declare("many", { stratifyBy: "size" });
    const rows = (first: number, count: number) => Array.from({ length: count }, (_, row) => ({ size: first + row }));
    await append("many", rows(0, splitLimits.strata - 1));
    expect((await append("many", rows(-2, 3))).problems).toMatchObject([{ path: "rows", code: "OUT_OF_RANGE" }]);
    expect((await append("many", rows(-1, 3))).version.rowCount).toBe(splitLimits.strata + 2);
  });
});
