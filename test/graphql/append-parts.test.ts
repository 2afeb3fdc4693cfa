import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendLimits } from "../../src/datasets/append-parts.js";
import { latestVersion, segmentsOf } from "../../src/datasets/versions.js";
import { Dataset } from "../../src/entities/dataset.js";
import { columnOf } from "../../src/features/table.js";
import { collect } from "../../src/garbage/collect.js";
import { openLedger } from "../../src/garbage/ledger.js";
import { digest } from "../../src/language/fields/canonical.js";
import { readSegments } from "../../src/segments/segment.js";
import { type Api, openApi } from "./api.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

let numbers = 0;
let dataset: string;
beforeEach(async () => {
  dataset = `load-${++numbers}`;
  await declare();
});

const declare = (type = "NUMBER") =>
  mutate("declareDataset", "DeclareDatasetInput", "changed", {
    name: dataset,
    features: [
      { name: "x", type: "NUMBER" },
      { name: "y", type },
    ],
  });
const rows = (...values: number[]) => values.map((x) => ({ x, y: -x }));

async function mutate(name: string, type: string, selection: string, input: object) {
  const query = `mutation($input: ${type}!) { ${name}(input: $input) { problems { path code message } ${selection} } }`;
  const { data, errors } = await api.ask(query, { input });
  if (errors) throw new Error(JSON.stringify(errors));
  return data[name];
}
const appendFields = "append { id state rowCount partCount version { number } }";
const begin = async (input: object = {}) =>
  (await mutate("beginAppend", "BeginAppendInput", appendFields, { dataset, ...input })).append.id as string;
const add = (append: string, some: object[], input: object = {}) =>
  mutate("appendRows", "AppendRowsInput", `version { number } ${appendFields}`, { append, rows: some, ...input });
const plain = (some: object[]) =>
  mutate("appendRows", "AppendRowsInput", "version { number }", { dataset, rows: some });
const commit = (append: string, input: object = {}) =>
  mutate(
    "commitAppend",
    "CommitAppendInput",
    `version { number rowCount addedRowCount digest splitCounts { train validation test } } ${appendFields}`,
    {
      append,
      ...input,
    },
  );
const abort = (append: string) => mutate("abortAppend", "AbortAppendInput", appendFields, { append });

async function stored() {
  const { db, store } = api.platform;
  const { id, features } = await db.manager.findOneByOrFail(Dataset, { name: dataset });
  const version = await latestVersion(db.manager, id);
  if (!version) return [];
  const references = await segmentsOf(db.manager, version);
  const segments = await Promise.all(references.map(({ key, sha256 }) => store.get(key, sha256)));
  return [...columnOf(await readSegments(features, segments), { name: "x", shape: [] })];
}
const collectNow = () => collect({ store: api.platform.store, ledger: openLedger(api.platform.db) });
async function objects() {
  const { id } = await api.platform.db.manager.findOneByOrFail(Dataset, { name: dataset });
  const keys: string[] = [];
  for await (const { key } of api.platform.store.list(`datasets/${id}/`)) keys.push(key);
  return keys;
}

describe("a load in parts", () => {
  it("is one version and one event, whose rows have the order of the parts", async () => {
    await plain(rows(1, 2));
    const append = await begin();
    expect(await add(append, rows(3, 4))).toMatchObject({
      ...{ problems: [], version: null },
      append: { id: append, state: "OPEN", rowCount: 2, partCount: 1, version: null },
    });
    await add(append, rows(5));
    expect(await stored()).toEqual([1, 2]);
    const { version, append: committed } = await commit(append);
    expect(version).toMatchObject({ number: 2, rowCount: 5, addedRowCount: 3 });
    expect(committed).toEqual({ id: append, state: "COMMITTED", rowCount: 3, partCount: 2, version: { number: 2 } });
    expect(await stored()).toEqual([1, 2, 3, 4, 5]);
    const events = await api.platform.db.query<{ kind: string }[]>(
      "SELECT kind FROM dataset_event JOIN dataset ON dataset.id = dataset_id WHERE name = $1 ORDER BY seq",
      [dataset],
    );
    expect(events.map(({ kind }) => kind)).toEqual(["DECLARED", "ROWS_APPENDED", "ROWS_APPENDED"]);
  });

  it("has the digest of its parts as a chain, and divides the rows as plain appends do", async () => {
    const parts = [rows(1, 2, 3), rows(4), rows(5, 6, 7, 8, 9, 10)];
    const append = await begin();
    for (const part of parts) await add(append, part);
    const { version } = await commit(append);
    dataset = `plain-${numbers}`;
    await declare();
    for (const part of parts) await plain(part);
    const { data } = await api.ask(
      `{ dataset(name: "${dataset}") { versions(first: 3) { nodes { digest splitCounts { train validation test } } } } }`,
    );
    const [last] = data.dataset.versions.nodes;
    expect({ digest: version.digest, splitCounts: version.splitCounts }).toEqual(last);
    expect(version.digest).toBe(digest([data.dataset.versions.nodes[1].digest, await rowsDigestOfLast()]));
  });

  async function rowsDigestOfLast() {
    const { rowsDigest } = await import("../../src/segments/segment.js");
    const { tableFromRows } = await import("../../src/features/table.js");
    const { features } = await api.platform.db.manager.findOneByOrFail(Dataset, { name: dataset });
    return rowsDigest(features, tableFromRows(features, rows(5, 6, 7, 8, 9, 10)));
  }

  it("has its rows behind all that were committed before it", async () => {
    const [first, second] = [await begin(), await begin()];
    await add(first, rows(10));
    await add(second, rows(20));
    await plain(rows(30));
    await add(first, rows(11));
    expect((await commit(second)).version.number).toBe(2);
    expect((await commit(first)).version.number).toBe(3);
    expect(await stored()).toEqual([30, 20, 10, 11]);
  });

  it("takes parts of many requests at once, each once", async () => {
    const append = await begin();
    await Promise.all(Array.from({ length: 12 }, (_, part) => add(append, rows(part))));
    await Promise.all([commit(append), commit(append)]);
    expect((await stored()).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, part) => part));
  });

  it("is done once per idempotency key, at each step", async () => {
    const append = await begin({ idempotencyKey: `${dataset}-begin` });
    expect(await begin({ idempotencyKey: `${dataset}-begin` })).toBe(append);
    await add(append, rows(1), { idempotencyKey: `${dataset}-part` });
    await add(append, rows(1), { idempotencyKey: `${dataset}-part` });
    await add(append, rows(1), { idempotencyKey: `${dataset}-other` });
    const once = await commit(append, { idempotencyKey: `${dataset}-commit` });
    expect(await commit(append, { idempotencyKey: `${dataset}-commit` })).toEqual(once);
    expect(await commit(append)).toEqual(once);
    expect(await stored()).toEqual([1, 1]);
  });

  it("leaves nothing when it is aborted", async () => {
    const append = await begin();
    await add(append, rows(1));
    await add(append, rows(2));
    await collectNow();
    expect(await objects()).toHaveLength(2);
    expect((await abort(append)).append).toMatchObject({ state: "ABORTED", version: null });
    expect((await abort(append)).problems).toEqual([]);
    await collectNow();
    expect(await objects()).toEqual([]);
    const refused = [{ path: "append", code: "STALE", message: expect.stringContaining("was aborted") }];
    expect((await add(append, rows(3))).problems).toEqual(refused);
    expect((await commit(append)).problems).toEqual(refused);
    expect(await stored()).toEqual([]);
  });

  it("expires when no part comes for a day", async () => {
    const append = await begin();
    await add(append, rows(1));
    const { db } = api.platform;
    await db.query("UPDATE dataset_append SET expires_at = clock_timestamp() WHERE id = $1", [append]);
    const expired = [{ path: "append", code: "STALE", message: expect.stringContaining("has expired") }];
    expect((await commit(append)).problems).toEqual(expired);
    const report = await api.ask("{ storageReport { orphans { count } missingCount refusal } }");
    expect(report.data.storageReport).toMatchObject({ missingCount: 0, refusal: null });
    expect(report.data.storageReport.orphans.count).toBeGreaterThanOrEqual(1);
    await collectNow();
    expect(await objects()).toEqual([]);
    expect((await add(append, rows(2))).problems).toEqual(expired);
    const { data } = await api.ask(`{ node(id: "${append}") { ... on DatasetAppend { state dataset { name } } } }`);
    expect(data.node).toEqual({ state: "EXPIRED", dataset: { name: dataset } });
  });

  it("keeps its other parts when one is refused, and fixes the features", async () => {
    const append = await begin();
    await add(append, rows(1));
    expect((await add(append, [{ x: 2, y: "no number" }])).problems).toMatchObject([{ path: "rows[0].y" }]);
    expect((await declare("BINARY")).problems).toMatchObject([{ path: "features", code: "DATASET_HAS_ROWS" }]);
    await commit(append);
    expect(await stored()).toEqual([1]);
  });

  it.each([
    ["a malformed id", () => add("append_\0", rows(1)), "append", "UNKNOWN_REFERENCE"],
    [
      "an id of something else",
      () => commit("run_6f9c5a2e-0000-4000-8000-000000000000"),
      "append",
      "UNKNOWN_REFERENCE",
    ],
    [
      "neither a dataset nor an append",
      () => mutate("appendRows", "AppendRowsInput", "", { rows: rows(1) }),
      "dataset",
      "REQUIRED",
    ],
    ["another dataset", async () => add(await begin(), rows(1), { dataset: "other" }), "dataset", "CONTRADICTION"],
    ["a commit without rows", async () => commit(await begin()), "append", "EMPTY"],
    [
      "an unknown dataset",
      () => mutate("beginAppend", "BeginAppendInput", "", { dataset: "none" }),
      "dataset",
      "UNKNOWN_REFERENCE",
    ],
  ])("refuses %s", async (_, attempt, path, code) => {
    expect((await attempt()).problems).toMatchObject([{ path, code }]);
  });

  it("refuses more open appends, and more parts, than there may be", async () => {
    const append = await begin();
    const { db } = api.platform;
    await db.query("UPDATE dataset_append SET part_count = $2 WHERE id = $1", [append, appendLimits.parts]);
    expect((await add(append, rows(1))).problems).toMatchObject([{ path: "append", code: "OUT_OF_RANGE" }]);
    await db.query(
      `INSERT INTO dataset_append (id, dataset_id, expires_at)
       SELECT 'append_' || gen_random_uuid(), dataset_id, expires_at FROM dataset_append, generate_series(2, $2) WHERE id = $1`,
      [append, appendLimits.openAppends],
    );
    const { problems } = await mutate("beginAppend", "BeginAppendInput", "", { dataset });
    expect(problems).toMatchObject([{ path: "dataset", code: "OUT_OF_RANGE" }]);
  });
});
