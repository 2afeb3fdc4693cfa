import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Platform } from "../../src/graphql/context/context.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { answer, ask, noPredictions, readingPlatform } from "./ask.js";
import { id, seed } from "./seed.js";

let database: TestDatabase;
let platform: Platform;

beforeAll(async () => {
  database = await testDatabase();
  platform = readingPlatform(database.db, noPredictions);
  await seed(database.db, 60);
});
afterAll(() => database?.close());

/** A connection field with arguments; selects the count alone, which needs no page. */
const query = (field: string, args: string) => `{ ${field}(${args}) { totalCount } }`;
const nested = (field: string, args: string) => `{ models(first: 1) { nodes { ${query(field, args).slice(2, -2)} } } }`;

const refused: [args: string, argument: string][] = [
  ["first: -1", "first"],
  ["first: 1001", "first"],
  ["last: -1", "last"],
  ["last: 1001", "last"],
  ["first: 5, last: 5", "last"],
];

describe("page sizes", () => {
  test.each(refused)("%s is BAD_INPUT that names `%s`", async (args, argument) => {
    for (const source of [query("runs", args), query("datasets", args), nested("versions", args)]) {
      const { errors } = await ask(platform, source);
      expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" } }]);
      expect(errors?.[0]?.message).toMatch(new RegExp(`^${argument}: `));
    }
  });

  test("a page has 50 rows unless told, and at most 1,000", async () => {
    const count = async (args: string) =>
      (await answer(platform, `{ runs${args} { nodes { id } } }`)).runs.nodes.length;
    expect(await count("")).toBe(50);
    expect(await count("(first: null, last: null, after: null, before: null, filter: null, orderBy: null)")).toBe(50);
    expect(await count("(first: 1000)")).toBe(60);
    expect(await count("(last: 7)")).toBe(7);
  });
});

describe("cursors", () => {
  const cursorOf = async (field: string, args: string) =>
    (await answer(platform, `{ list: ${field}(first: 1, ${args}) { pageInfo { endCursor } } }`)).list.pageInfo
      .endCursor;
  const encode = (value: unknown) =>
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
  const byCreation = "runs CREATED_AT DESC";

  const garbage: [what: string, cursor: string][] = [
    ["an empty text", ""],
    ["no base64url", "not a cursor!"],
    ["no JSON", encode("garbage")],
    ["no list", encode({ a: 1 })],
    ["too few parts", encode([1, byCreation, "0"])],
    ["parts of other types", encode([1, byCreation, 0, id("run", 1)])],
    ["another version", encode([2, byCreation, "0", id("run", 1)])],
    ["a value that is no instant", encode([1, byCreation, "2026-01-01", id("run", 1)])],
    ["an instant beyond all bounds", encode([1, byCreation, "9999999999999999", id("run", 1)])],
    ["SQL", encode([1, byCreation, "0'; DROP TABLE run; --", id("run", 1)])],
    ["an id with U+0000", encode([1, byCreation, "0", "\0"])],
    ["another list", encode([1, "models CREATED_AT DESC", "0", id("run", 1)])],
    ["a text without end", "A".repeat(100_000)],
  ];
  test.each(garbage)("%s is BAD_CURSOR that names the argument", async (_what, cursor) => {
    for (const argument of ["after", "before"]) {
      const source = `query ($cursor: String) { runs(${argument}: $cursor) { totalCount } }`;
      const { errors } = await ask(platform, source, { cursor });
      expect(errors).toMatchObject([{ extensions: { code: "BAD_CURSOR" } }]);
      expect(errors?.[0]?.message).toMatch(new RegExp(`^${argument}: `));
    }
  });

  const foreign: [from: [string, string], to: [string, string]][] = [
    [
      ["runs", ""],
      ["runs", "orderBy: { field: UPDATED_AT, direction: DESC }"],
    ],
    [
      ["runs", ""],
      ["runs", "orderBy: { field: CREATED_AT, direction: ASC }"],
    ],
    [
      ["datasets", "orderBy: { field: NAME }"],
      ["datasets", ""],
    ],
    [
      ["datasets", "orderBy: { field: NAME }"],
      ["models", "orderBy: { field: NAME }"],
    ],
    [
      ["modelVersions", 'orderBy: { field: EVALUATION, evaluation: { name: "accuracy" } }'],
      ["modelVersions", 'orderBy: { field: EVALUATION, evaluation: { name: "loss" } }'],
    ],
  ];
  test.each(foreign)("one of %j is BAD_CURSOR for %j", async ([from, order], [to, other]) => {
    const cursor = await cursorOf(from, order);
    expect((await ask(platform, `{ ${from}(after: "${cursor}", ${order}) { totalCount } }`)).errors).toBeUndefined();
    const { errors } = await ask(platform, `{ ${to}(after: "${cursor}", ${other}) { totalCount } }`);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_CURSOR" } }]);
  });

  test("one of a nested list goes on in that list of any owner", async () => {
    const list = (model: string, args = "") =>
      answer(platform, `{ model(name: "${model}") { versions${args} { nodes { ref } pageInfo { endCursor } } } }`);
    const cursor = (await list("model-1")).model.versions.pageInfo.endCursor;
    expect((await list("model-1", `(after: "${cursor}")`)).model.versions.nodes).toEqual([]);
    expect((await list("model-60", `(before: "${cursor}")`)).model.versions.nodes).toEqual([{ ref: "model-60/1" }]);
  });
});

test("EVALUATION needs its measurement, and the measurement needs EVALUATION", async () => {
  for (const orderBy of ["{ field: EVALUATION }", '{ field: NUMBER, evaluation: { name: "loss" } }']) {
    const { errors } = await ask(platform, `{ modelVersions(orderBy: ${orderBy}) { totalCount } }`);
    expect(errors).toMatchObject([{ extensions: { code: "BAD_INPUT" } }]);
    expect(errors?.[0]?.message).toMatch(/^orderBy\.evaluation: /);
  }
});
