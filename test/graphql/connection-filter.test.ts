import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Platform } from "../../src/graphql/context/context.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { answer, ask, noPredictions, readingPlatform } from "./ask.js";
import { id, seed } from "./seed.js";

let database: TestDatabase;
let platform: Platform;

/** Twelve of everything, with one odd one here and there. */
beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  platform = readingPlatform(db, noPredictions);
  await seed(db, 12);
  await db.query("UPDATE run SET state = 'SUCCEEDED' WHERE right(id, 12)::int <= 3");
  await db.query("UPDATE run SET retraining_id = NULL WHERE right(id, 12)::int <= 2");
  await db.query("UPDATE evaluation SET value = 'NaN' WHERE version_id = $1", [id("version", 12)]);
  await db.query("UPDATE dataset SET name = 'O''Brien_%' WHERE id = $1", [id("dataset", 12)]);
  await db.query("UPDATE dataset SET created_at = '2025-12-31 23:59:59.9999Z' WHERE id = $1", [id("dataset", 1)]);
});
afterAll(() => database?.close());

const fitting = async (field: string, filter: string): Promise<number[]> => {
  const { list } = await answer(platform, `{ list: ${field}(filter: ${filter}) { nodes { id } totalCount } }`);
  expect(list.totalCount).toBe(list.nodes.length);
  return list.nodes.map((node: { id: string }) => Number(node.id.slice(-12))).sort((a: number, b: number) => a - b);
};
const all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const allBut = (...out: number[]) => all.filter((number) => !out.includes(number));

const cases: [field: string, filter: string, expected: number[]][] = [
  ["datasets", "{}", all],
  ["datasets", "null", all],
  ["datasets", "{ name: {} }", all],
  ["datasets", "{ name: null, and: null, not: null }", all],
  ["datasets", '{ name: { eq: "dataset-3" } }', [3]],
  ["datasets", '{ name: { eq: "Dataset-3" } }', []],
  ["datasets", '{ name: { ne: "dataset-3" } }', allBut(3)],
  ["datasets", '{ name: { in: ["dataset-3", "dataset-5", "none"] } }', [3, 5]],
  ["datasets", "{ name: { in: [] } }", []],
  ["datasets", '{ name: { notIn: ["dataset-3", "dataset-5"] } }', allBut(3, 5)],
  ["datasets", "{ name: { notIn: [] } }", all],
  ["datasets", '{ name: { startsWith: "dataset-1" } }', [1, 10, 11]],
  ["datasets", '{ name: { contains: "set-1" } }', [1, 10, 11]],
  ["datasets", '{ name: { startsWith: "dataset-1", ne: "dataset-10" } }', [1, 11]],
  // Neither quotes nor wildcards mean anything.
  ["datasets", `{ name: { eq: "O'Brien_%" } }`, [12]],
  ["datasets", '{ name: { contains: "_%" } }', [12]],
  ["datasets", '{ name: { startsWith: "_ataset" } }', []],
  ["datasets", `{ name: { eq: "' OR true --" } }`, []],
  // An instant means its whole millisecond.
  ["datasets", '{ createdAt: { lt: "2026-01-01T00:00:00Z" } }', [1]],
  ["datasets", '{ createdAt: { eq: "2025-12-31T23:59:59.999Z" } }', [1]],
  ["datasets", '{ createdAt: { lte: "2025-12-31T23:59:59.999Z" } }', [1]],
  ["datasets", '{ createdAt: { gt: "2025-12-31T23:59:59.999Z" } }', allBut(1)],
  ["datasets", '{ createdAt: { gte: "2025-12-31T23:59:59.999Z" } }', all],
  ["datasets", '{ createdAt: { gt: "2026-01-01T12:00:00.123Z" } }', []],
  ["datasets", '{ createdAt: { eq: "2026-01-01T14:00:00.123+02:00" } }', allBut(1)],
  // Combinations.
  ["models", '{ or: [{ name: { eq: "model-1" } }, { dataset: { eq: "dataset-2" } }] }', [1, 2]],
  ["models", '{ and: [{ name: { startsWith: "model-1" } }, { not: { name: { eq: "model-1" } } }] }', [10, 11, 12]],
  ["models", '{ name: { startsWith: "model-1" }, not: { or: [{ name: { eq: "model-10" } }] } }', [1, 11, 12]],
  ["models", "{ or: [] }", []],
  ["models", "{ and: [] }", all],
  ["models", "{ not: {} }", []],
  ["models", "{ not: { not: {} } }", all],
  ["optimizers", '{ name: { in: ["optimizer-4"] } }', [4]],
  ["retrainings", "{ enabled: { eq: true } }", [2, 4, 6, 8, 10, 12]],
  ["retrainings", "{ enabled: { ne: true } }", [1, 3, 5, 7, 9, 11]],
  ["retrainings", '{ model: { eq: "model-7" } }', [7]],
  // Runs.
  ["runs", "{ state: { eq: SUCCEEDED } }", [1, 2, 3]],
  ["runs", "{ state: { ne: SUCCEEDED } }", allBut(1, 2, 3)],
  ["runs", "{ state: { in: [SUCCEEDED, FAILED] } }", [1, 2, 3]],
  ["runs", "{ state: { notIn: [SUCCEEDED, FAILED] } }", allBut(1, 2, 3)],
  ["runs", '{ model: { eq: "model-4" } }', [4]],
  ["runs", '{ retraining: { ne: "policy-4" } }', allBut(1, 2, 4)],
  ["runs", '{ not: { retraining: { eq: "policy-4" } } }', allBut(4)],
  ["runs", `{ id: { in: ["${id("run", 5)}", "none"] } }`, [5]],
  ["runs", "{ attempt: { gte: 1, lt: 2 } }", all],
  ["runs", "{ attempt: { in: [2, 3] } }", []],
  // Versions: by model, number, alias, tag and measurement.
  ["modelVersions", '{ model: { eq: "model-3" }, number: { eq: 1 } }', [3]],
  ["modelVersions", '{ alias: { eq: "champion" }, number: { lte: 1 } }', all],
  ["modelVersions", '{ alias: { eq: "challenger" } }', []],
  ["modelVersions", '{ tag: { key: "team" } }', all],
  ["modelVersions", '{ tag: { key: "team", value: { eq: "team-1" } } }', [1, 4, 7, 10]],
  ["modelVersions", '{ not: { tag: { key: "team", value: { eq: "team-1" } } } }', allBut(1, 4, 7, 10)],
  ["modelVersions", '{ tag: { key: "none" } }', []],
  ["modelVersions", `{ run: { eq: "${id("run", 9)}" } }`, [9]],
  ["modelVersions", '{ evaluation: { name: "accuracy", gte: 0.1, lt: 0.12 } }', [10, 11]],
  ["modelVersions", '{ evaluation: { split: TEST, name: "accuracy", eq: "NaN" } }', [12]],
  ["modelVersions", '{ evaluation: { name: "accuracy", gt: "-Infinity", lte: "Infinity" } }', allBut(12)],
  // Version 12 measured NaN: no comparison by size holds for it, on either side.
  ["modelVersions", '{ evaluation: { name: "accuracy", gt: 0.1 } }', [11]],
  ["modelVersions", '{ evaluation: { name: "accuracy", gte: "-Infinity" } }', allBut(12)],
  ["modelVersions", '{ evaluation: { name: "accuracy", lt: 0.02 } }', [1]],
  ["modelVersions", '{ evaluation: { name: "accuracy", lte: "Infinity" } }', allBut(12)],
  ["modelVersions", '{ evaluation: { name: "accuracy", gt: "NaN" } }', []],
  ["modelVersions", '{ evaluation: { name: "accuracy", gte: "NaN" } }', []],
  ["modelVersions", '{ evaluation: { name: "accuracy", lt: "NaN" } }', []],
  ["modelVersions", '{ evaluation: { name: "accuracy", lte: "NaN" } }', []],
  ["modelVersions", '{ not: { evaluation: { name: "accuracy", gt: 0.1 } } }', allBut(11)],
  ["modelVersions", '{ evaluation: { name: "accuracy", ne: "NaN" } }', allBut(12)],
  ["modelVersions", '{ evaluation: { name: "accuracy", ne: 0.05 } }', allBut(5)],
  ["modelVersions", '{ evaluation: { split: TRAIN, name: "accuracy" } }', []],
];

test.each(cases)("%s fitting %s", async (field, filter, expected) => {
  expect(await fitting(field, filter)).toEqual(expected);
});

test("a comparison by size matches no NaN in nested lists either", async () => {
  const { models } = await answer(
    platform,
    `{ models(orderBy: { field: NAME }, filter: { name: { in: ["model-11", "model-12"] } }) {
        nodes { versions(filter: { evaluation: { name: "accuracy", gt: 0.1 } }) { totalCount } } } }`,
  );
  expect(models.nodes).toEqual([{ versions: { totalCount: 1 } }, { versions: { totalCount: 0 } }]);
});

test("filters hold for nested lists, each of its owner", async () => {
  const { models } = await answer(
    platform,
    `{ models(orderBy: { field: NAME }, filter: { name: { in: ["model-3", "model-4"] } }) {
        nodes { name runs(filter: { state: { eq: SUCCEEDED } }) { totalCount nodes { id } } } } }`,
  );
  expect(models.nodes).toEqual([
    { name: "model-3", runs: { totalCount: 1, nodes: [{ id: id("run", 3) }] } },
    { name: "model-4", runs: { totalCount: 0, nodes: [] } },
  ]);
});

test("two fields of one query that differ in a filter alone do not share an answer", async () => {
  const data = await answer(
    platform,
    `{ some: modelVersions(filter: { evaluation: { name: "accuracy", eq: "NaN" } }) { totalCount }
       none: modelVersions(filter: { evaluation: { name: "accuracy", eq: "Infinity" } }) { totalCount } }`,
  );
  expect(data).toEqual({ some: { totalCount: 1 }, none: { totalCount: 0 } });
});

describe("a filter beyond its limits is BAD_INPUT that names the place", () => {
  const nest = (depth: number): object => (depth === 1 ? { name: { eq: "x" } } : { not: nest(depth - 1) });
  const refused: [what: string, filter: object, place: string][] = [
    ["nesting nine deep", nest(9), "filter.not.not.not.not.not.not.not.not"],
    ["1,001 values", { name: { in: Array.from({ length: 1_001 }, String) } }, "filter.name.in"],
    ["201 filters", { or: Array.from({ length: 200 }, () => ({})) }, "filter"],
    ["U+0000", { and: [{}, { name: { startsWith: "a\0" } }] }, "filter.and[1].name.startsWith"],
    ["U+0000 in a list", { name: { notIn: ["a", "\0"] } }, "filter.name.notIn[1]"],
  ];
  test.each(refused)("%s", async (_what, filter, place) => {
    const source = "query ($filter: DatasetFilter) { datasets(filter: $filter) { totalCount } }";
    const { errors } = await ask(platform, source, { filter });
    expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" } }]);
    expect(errors?.[0]?.message.startsWith(`${place}: `)).toBe(true);
  });

  test("what is just within them is answered", async () => {
    const source = "query ($filter: DatasetFilter) { datasets(filter: $filter) { totalCount } }";
    const within = [
      nest(8),
      { name: { notIn: Array.from({ length: 1_000 }, String) } },
      { and: Array.from({ length: 199 }, () => ({})) },
      { name: { ne: "x".repeat(100_000) } },
    ];
    for (const filter of within)
      expect(await answer(platform, source, { filter })).toEqual({ datasets: { totalCount: 12 } });
  });
});
