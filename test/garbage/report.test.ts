import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { segmentKey } from "../../src/storage/keys.js";
import { type Api, openApi } from "../graphql/api.js";
import { id, seed } from "../graphql/seed.js";
import { claim, putCheckpoint, queueRun, release, save } from "./platform.js";

const query = `query { storageReport {
  totalCount totalBytes orphans { count bytes examples } missingCount missing { key referredBy } refusal
  models { model { name } bytes checkpointBytes artifactBytes } } }`;
const collect = `mutation ($input: CollectGarbageInput!) { collectGarbage(input: $input) {
  problems { path message } deleted { count bytes examples } failed abortedUploads } }`;

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await seed(api.platform.db, 1);
  await api.platform.db.query("UPDATE run SET state = 'CANCELED', worker_id = NULL");
});
afterAll(() => api.close());

describe("the report on the object store", () => {
  it("tells what is there, what is nobody's, what is missing and whose it is", async () => {
    const { db, store } = api.platform;
    const held = await claim(db, await queueRun(db, { latest: 9, best: 0, every: null }));
    const kept = await save(db, store, held, 1);
    const lost = await save(db, store, held, 2);
    await store.delete(lost);
    const { key: orphan, sizeBytes } = await putCheckpoint(store, held, 3);
    await release(db, held);
    const before = await api.ask(query);
    expect(before.errors).toBeUndefined();
    const { storageReport: report } = before.data;
    expect(report).toMatchObject({
      totalCount: 2,
      orphans: { count: 1, bytes: sizeBytes, examples: [orphan] },
      refusal: null,
    });
    const total = (await store.head(kept))?.sizeBytes ?? 0;
    expect(report.totalBytes).toBe(total + sizeBytes);
    // What was seeded refers to objects that were never there.
    const missing = new Map(
      report.missing.map((each: { key: string; referredBy: string }) => [each.key, each.referredBy]),
    );
    expect(report.missingCount).toBe(missing.size);
    expect(missing.get(lost)).toMatch(/^checkpoint_/);
    expect(missing.get("seeded/segment-1")).toBe(id("rows", 1));
    expect([...missing.keys()]).not.toContain(kept);
    expect([...missing.keys()]).toEqual([...missing.keys()].sort());
    expect(report.models).toHaveLength(1);
    const [{ model, bytes, checkpointBytes, artifactBytes }] = report.models;
    expect(model.name).toBe("model-1");
    expect(bytes).toBe(checkpointBytes + artifactBytes);

    const dry = await api.ask(collect, { input: { dryRun: true } });
    expect(dry.data.collectGarbage).toEqual({
      ...{ problems: [], failed: 0, abortedUploads: 0 },
      deleted: { count: 1, bytes: sizeBytes, examples: [orphan] },
    });
    const done = await api.ask(collect, { input: {} });
    expect(done.data.collectGarbage.deleted).toEqual(dry.data.collectGarbage.deleted);
    expect((await api.ask(query)).data.storageReport).toMatchObject({ totalCount: 1, orphans: { count: 0 } });
  });

  it("says why nothing can be collected, and so does the collection", async () => {
    const { store } = api.platform;
    const key = segmentKey(id("dataset", 9), "f".repeat(64), "stray");
    await store.put(key, Buffer.from("x"));
    const { refusal } = (await api.ask(query)).data.storageReport;
    expect(refusal).toContain(key);
    const { errors } = await api.ask(collect, { input: {} });
    expect(errors).toMatchObject([{ message: refusal, extensions: { code: "COLLECTION_REFUSED" } }]);
    expect(await store.head(key)).toBeDefined();
  });

  it("refuses a key that is no key, with its path", async () => {
    const { data } = await api.ask(collect, { input: { dryRun: true, idempotencyKey: "" } });
    expect(data.collectGarbage).toMatchObject({ deleted: null, problems: [{ path: "idempotencyKey" }] });
  });
});
