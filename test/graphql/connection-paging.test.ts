import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Platform } from "../../src/graphql/context/context.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { answer, noPredictions, readingPlatform } from "./ask.js";
import { id, seed } from "./seed.js";

const count = 20;
let database: TestDatabase;
let platform: Platform;

/** Gives the first model, run, dataset, optimizer and policy `count` of each thing that they can have many of. */
async function seedOwned(): Promise<void> {
  const { db } = database;
  await seed(db, count);
  // The children move to the first owner; those that are numbered within it, by the number they were made with.
  const numbered = [
    ["dataset_version", "dataset_id", "dataset"],
    ["model_revision", "model_id", "model"],
    ["model_version", "model_id", "model"],
    ["optimizer_revision", "optimizer_id", "optimizer"],
    ["retraining_revision", "retraining_id", "retraining"],
  ];
  for (const [table, column, prefix] of numbered)
    await db.query(`UPDATE ${table} SET number = right(id, 12)::int, ${column} = $1`, [id(prefix as string, 1)]);
  await db.query("UPDATE run SET model_id = $1, retraining_id = $2", [id("model", 1), id("retraining", 1)]);
  await db.query("UPDATE model SET dataset_id = $1", [id("dataset", 1)]);
  await db.query("UPDATE retraining SET model_id = $1", [id("model", 1)]);
  // Every third step has three checkpoints, as attempts leave that end where others began.
  await db.query("UPDATE checkpoint SET run_id = $1, step = right(id, 12)::int / 3", [id("run", 1)]);
  await db.query("UPDATE run_event SET seq = right(run_id, 12)::int, run_id = $1", [id("run", 1)]);
  // Some measured alike, some as NaN, some not at all.
  await db.query("UPDATE evaluation SET value = round(value::numeric * 20)");
  await db.query("UPDATE evaluation SET value = 'NaN' WHERE version_id LIKE '%7'");
  await db.query("DELETE FROM evaluation WHERE version_id LIKE '%3'");
}

beforeAll(async () => {
  database = await testDatabase();
  platform = readingPlatform(database.db, noPredictions);
  await seedOwned();
});
afterAll(() => database?.close());

interface List {
  /** The connection field, as `%` within a query. */
  query: string;
  field: string;
  /** What tells its rows apart. */
  key: string;
  orders: (string | null)[];
  /** The keys in order, in SQL, by the SQL of each order. */
  expected: (order: string | null) => string;
}

const declared = ["CREATED_AT", "NAME"];

function root(field: string, table: string, orders: string[]): List {
  const column = (order: string | null) => (order ?? "CREATED_AT").toLowerCase();
  const expected = (order: string | null) => `SELECT id AS key FROM ${table} ORDER BY ${column(order)}, id`;
  return { query: "{ % }", field, key: "id", orders: [null, ...orders], expected };
}

function owned(owner: string, field: string, table: string, orders: string[], value = "number"): List {
  const column = (order: string | null) => (order === "CREATED_AT" ? "created_at" : value);
  return {
    query: `{ ${owner} { % } }`,
    field,
    key: "id",
    orders: [null, ...orders],
    expected: (order) => `SELECT id AS key FROM ${table} ORDER BY ${column(order)}, id`,
  };
}

const run = `run(id: "${id("run", 1)}")`;
const model = 'model(name: "model-1")';
const lists: List[] = [
  root("datasets", "dataset", declared),
  root("models", "model", declared),
  root("optimizers", "optimizer", declared),
  root("retrainings", "retraining", declared),
  root("runs", "run", ["CREATED_AT", "UPDATED_AT"]),
  root("modelVersions", "model_version", ["CREATED_AT", "NUMBER"]),
  owned('dataset(name: "dataset-1")', "versions", "dataset_version", ["NUMBER"]),
  owned('dataset(name: "dataset-1")', "models", "model", ["CREATED_AT"], "created_at"),
  owned(model, "revisions", "model_revision", ["NUMBER"]),
  owned(model, "versions", "model_version", ["NUMBER"], "created_at"),
  owned(model, "runs", "run", ["CREATED_AT"], "created_at"),
  owned(model, "retrainings", "retraining", ["CREATED_AT"], "created_at"),
  owned('optimizer(name: "optimizer-1")', "revisions", "optimizer_revision", ["NUMBER"]),
  owned('retraining(name: "policy-1")', "revisions", "retraining_revision", ["NUMBER"]),
  owned('retraining(name: "policy-1")', "runs", "run", ["CREATED_AT"], "created_at"),
  owned(run, "checkpoints", "checkpoint", ["STEP"], "step"),
];

/** The connection of one query, wherever it stands. */
async function connection(list: List, args: string) {
  const field = `list: ${list.field}(${args}) { edges { cursor node { key: ${list.key} } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }`;
  const data = await answer(platform, list.query.replace("%", field));
  return data.list ?? Object.values<{ list: unknown }>(data)[0]?.list;
}

/** All keys, page by page, checking what each page says about its neighbours. */
async function walk(list: List, size: number, order: string, backward: boolean): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const from = cursor === null ? "" : `, ${backward ? "before" : "after"}: "${cursor}"`;
    const page = await connection(list, `${backward ? "last" : "first"}: ${size}${from}${order}`);
    const { edges, pageInfo, totalCount } = page;
    expect(totalCount).toBe(count);
    expect(edges.length).toBeLessThanOrEqual(size);
    expect(pageInfo.startCursor).toBe(edges.at(0)?.cursor ?? null);
    expect(pageInfo.endCursor).toBe(edges.at(-1)?.cursor ?? null);
    expect(backward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage).toBe(cursor !== null);
    const found = edges.map(({ node }: { node: { key: string } }) => node.key);
    if (backward) keys.unshift(...found);
    else keys.push(...found);
    expect(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(keys.length < count);
    if (keys.length >= count) return keys;
    cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
  }
}

describe("walking a list in pages of any size, forwards and backwards, gives each row once and in order", () => {
  const cases = lists.flatMap((list) =>
    list.orders.map((order): [string, string | null, List] => [`${list.query.replace("%", list.field)}`, order, list]),
  );

  test.each(cases)("%s by %s", async (_name, order, list) => {
    const ascending = (await database.db.query(list.expected(order))).map(({ key }: { key: string }) => key);
    expect(ascending).toHaveLength(count);
    const directions = order === null ? ["DESC"] : ["ASC", "DESC"];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: count + 2 }),
        fc.constantFrom(...directions),
        fc.boolean(),
        async (size, direction, backward) => {
          const orderBy = order === null ? "" : `, orderBy: { field: ${order}, direction: ${direction} }`;
          const expected = direction === "ASC" ? ascending : ascending.toReversed();
          expect(await walk(list, size, orderBy, backward)).toEqual(expected);
        },
      ),
      {
        numRuns: 6,
        examples: [
          [1, directions[0] as string, false],
          [3, directions[0] as string, true],
        ],
      },
    );
  });

  test("the log of a run, in the order it was written", async () => {
    const list: List = { query: `{ ${run} { % } }`, field: "events", key: "message", orders: [], expected: () => "" };
    await database.db.query("UPDATE run_event SET message = seq");
    const expected = Array.from({ length: count }, (_, index) => String(index + 1));
    for (const size of [1, 7, count]) {
      expect(await walk(list, size, "", false)).toEqual(expected);
      expect(await walk(list, size, "", true)).toEqual(expected);
    }
  });

  test.each(["ASC", "DESC"])(
    "versions by measurement, %s, infinities too, those without one last",
    async (direction) => {
      await database.db.query("UPDATE evaluation SET value = 'Infinity' WHERE version_id LIKE '%5'");
      await database.db.query("UPDATE evaluation SET value = '-Infinity' WHERE version_id LIKE '%9'");
      const rows: { id: string; value: number | null }[] = await database.db.query(
        "SELECT v.id, nullif(e.value, 'NaN') AS value FROM model_version v LEFT JOIN evaluation e ON e.version_id = v.id",
      );
      const sign = direction === "ASC" ? 1 : -1;
      // Behind infinity of either sign.
      const rank = ({ value }: (typeof rows)[number]) =>
        (value === null ? [1, 0] : [0, sign * value]) as [number, number];
      const byId = (a: string, b: string) => (a < b ? -sign : sign);
      const expected = rows
        .sort((a, b) => {
          const [[behindA, valueA], [behindB, valueB]] = [rank(a), rank(b)];
          return behindA - behindB || (valueA === valueB ? byId(a.id, b.id) : valueA < valueB ? -1 : 1);
        })
        .map((row) => row.id);
      const list = root("modelVersions", "model_version", []);
      const order = `, orderBy: { field: EVALUATION, direction: ${direction}, evaluation: { name: "accuracy" } }`;
      for (const size of [1, 4, count]) {
        expect(await walk(list, size, order, false)).toEqual(expected);
        expect(await walk(list, size, order, true)).toEqual(expected);
      }
    },
  );
});

test("two cursors bound a page, which says what lies outside them", async () => {
  const list = root("datasets", "dataset", declared);
  const { edges } = await connection(list, "first: 20");
  const [after, before] = [edges[4].cursor, edges[9].cursor];
  const keys = (page: typeof edges) => page.edges.map(({ node }: { node: { key: string } }) => node.key);
  const between = edges.slice(5, 9).map(({ node }: { node: { key: string } }) => node.key);

  const whole = await connection(list, `first: 10, after: "${after}", before: "${before}"`);
  expect(keys(whole)).toEqual(between);
  expect(whole.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
  const start = await connection(list, `first: 2, after: "${after}", before: "${before}"`);
  expect(keys(start)).toEqual(between.slice(0, 2));
  const end = await connection(list, `last: 2, after: "${after}", before: "${before}"`);
  expect(keys(end)).toEqual(between.slice(-2));
  expect(end.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
});

test("a page of nothing says whether there is something", async () => {
  const list = root("datasets", "dataset", declared);
  expect(await connection(list, "first: 0")).toMatchObject({
    edges: [],
    totalCount: count,
    pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
  });
  expect((await connection(list, 'first: 0, filter: { name: { eq: "none" } }')).pageInfo.hasNextPage).toBe(false);
});

test("rows that arrive or vanish while a client pages neither repeat nor hide the others", async () => {
  const other = await testDatabase();
  const own = readingPlatform(other.db, noPredictions);
  const declare = (number: number) =>
    other.db.query("INSERT INTO optimizer (id, name, description) VALUES ($1, $2, '')", [
      id("optimizer", number),
      `optimizer-${number}`,
    ]);
  const next = "query ($after: String) { optimizers(first: 2, after: $after) { edges { cursor node { id } } } }";
  try {
    for (let number = 1; number <= 9; number++) await declare(number);
    const seen: string[] = [];
    for (let after: string | null = null, arriving = 10; seen.length < 9; arriving++) {
      const { optimizers } = await answer(own, next, { after });
      seen.push(...optimizers.edges.map(({ node }: { node: { id: string } }) => node.id));
      after = optimizers.edges.at(-1).cursor;
      await declare(arriving);
      // Also the row that the cursor was taken from goes.
      await other.db.query("DELETE FROM optimizer WHERE id = $1", [seen.at(-1)]);
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, index) => id("optimizer", 9 - index)));
  } finally {
    await other.close();
  }
});
