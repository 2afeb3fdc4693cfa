import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareDataset } from "../../src/datasets/declare.js";
import { reportStorage } from "../../src/garbage/report.js";
import { createObjectStore } from "../../src/storage/create-object-store.js";
import type { ObjectStore } from "../../src/storage/object-store.js";
import { backupOf } from "../support/database.js";
import { acquireServer } from "../support/s3-server.mjs";
import { accepted } from "../support/workbench.js";
import {
  append,
  claim,
  collectNow,
  features,
  keep,
  keysIn,
  openGarbagePlatform,
  putCheckpoint,
  queueRun,
  release,
  save,
} from "./platform.js";

const server = await acquireServer();
afterAll(() => server?.stop());

describe.skipIf(server === undefined)(`collection on S3${server ? "" : " (DID NOT RUN: no S3 server)"}`, () => {
  let platform: Awaited<ReturnType<typeof openGarbagePlatform>>;
  let store: ObjectStore;
  beforeAll(async () => {
    platform = await openGarbagePlatform();
    const url = new URL(server?.url as string);
    store = await createObjectStore({
      ...{ kind: "s3", endpoint: url.origin, accessKey: url.username, secretKey: url.password },
      // A bucket of its own: whoever shares the server is not disturbed.
      bucket: `${url.pathname.slice(1)}-${randomBytes(6).toString("hex")}`,
    });
  });
  afterAll(async () => {
    for (const key of await keysIn(store)) await store.delete(key);
    await platform?.close();
  });

  it("deletes what is nobody's and nothing else, and refuses beside a restored database", async () => {
    const { db, database } = platform;
    await accepted(declareDataset(db, { name: "numbers", features }));
    await accepted(append(db, store, 1));
    const held = await claim(db, await queueRun(db, keep));
    const saved = [];
    for (const step of [1, 2, 3, 4]) saved.push(await save(db, store, held, step));
    const lost = await putCheckpoint(store, held, 5);
    const before = await keysIn(store);
    expect(await collectNow(db, store)).toMatchObject({
      deleted: { count: 2, examples: saved.slice(0, 2) },
      failed: 0,
    });
    await release(db, held);
    expect((await collectNow(db, store)).deleted.examples).toEqual([lost.key]);
    const gone = new Set([...saved.slice(0, 2), lost.key]);
    expect(await keysIn(store)).toEqual(before.filter((key) => !gone.has(key)));
    const { refusal, orphans, missing } = await reportStorage(db, store);
    expect({ refusal, orphans: orphans.count }).toEqual({ refusal: null, orphans: 0 });
    expect(missing.filter(({ key }) => !key.startsWith("seeded/"))).toEqual([]);

    const yesterday = await backupOf(database);
    const later = await claim(db, held.runId);
    const kept = await save(db, store, later, 6);
    await expect(collectNow(yesterday.db, store)).rejects.toMatchObject({
      code: "COLLECTION_REFUSED",
      message: expect.stringContaining(kept),
    });
    expect(await keysIn(store)).toContain(kept);
    await yesterday.close();
  });
});
