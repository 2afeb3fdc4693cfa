import { createHash, randomBytes } from "node:crypto";
import { Client } from "minio";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { S3StoreOptions } from "../../src/storage/s3-client.js";
import { openS3Store } from "../../src/storage/s3-store.js";
import { acquireServer } from "../support/s3-server.mjs";
import { type Fault, openFaultProxy } from "./fault-proxy.js";

const server = await acquireServer();
afterAll(() => server?.stop());
const suite = server
  ? "the S3 store, on a line with faults"
  : "the S3 store, on a line with faults (DID NOT RUN: no S3 server)";

const large = randomBytes(70 * 1024 ** 2 + 5);
const sha256Of = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
/** Four parts of the smallest size there is, and a bit: the faults are the same as with larger ones. */
const multipart = { aboveBytes: 8 * 1024 ** 2, partBytes: 5 * 1024 ** 2 };
const medium = large.subarray(0, 20 * 1024 ** 2 + 5);
const small = Buffer.from("bytes");

describe.skipIf(server === undefined)(suite, () => {
  const url = new URL(server?.url ?? "http://none:none@127.0.0.1:9/none");
  const credentials = { accessKey: decodeURIComponent(url.username), secretKey: decodeURIComponent(url.password) };
  const raw = new Client({ endPoint: url.hostname, port: Number(url.port), useSSL: false, ...credentials });
  const bucket = `perennial-${randomBytes(6).toString("hex")}`;
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  afterAll(async () => {
    if (!(await raw.bucketExists(bucket).catch(() => false))) return;
    for await (const { name } of raw.listObjectsV2(bucket, "", true)) await raw.removeObject(bucket, name);
    await raw.removeBucket(bucket);
  });

  let keys = 0;
  const newKey = () => `runs/1/1/object-${++keys}`;

  /** A store whose n-th request that matches (from 1) meets the fault; without `nth` all of them. */
  async function open(match: RegExp, fault: Fault | undefined, nth?: number, options: Partial<S3StoreOptions> = {}) {
    let matched = 0;
    const proxy = await openFaultProxy(url, (method, path) => {
      if (!match.test(`${method} ${path}`)) return undefined;
      matched++;
      return nth === undefined || matched === nth ? fault : undefined;
    });
    closing.push(proxy.close);
    const store = await openS3Store({ endpoint: proxy.endpoint, bucket, ...credentials, ...options });

    proxy.seen.filter((line) => line.includes("object-")).map((line) => line.replace(/\d{3,}\S*/, ""));
    return { store, seen: proxy.seen };
  }
  const openUploads = async (key: string) => (await raw.listIncompleteUploadsQuery(bucket, key, "", "", "")).uploads;

  it("sends an object above 64 MiB in parts, verified, and takes the same again as a retry", async () => {
    const { store, seen } = await open(/^$/, undefined);
    const key = newKey();
    expect(await store.put(key, large)).toEqual({ key, sizeBytes: large.length, sha256: sha256Of(large) });
    expect(seen.filter((line) => line.includes("partNumber=")).length).toBe(5);
    expect(await store.head(key)).toEqual({ key, sizeBytes: large.length, sha256: sha256Of(large) });
    expect((await store.get(key, sha256Of(large))).equals(large)).toBe(true);
    const before = seen.length;
    expect(await store.put(key, large)).toEqual({ key, sizeBytes: large.length, sha256: sha256Of(large) });
    // Looked at, and neither sent nor read again.
    expect(seen.slice(before).map((line) => line.slice(0, 4))).toEqual(["HEAD", "HEAD"]);
    const other = Buffer.from(large);
    other[0] = (other[0] as number) ^ 1;
    await expect(store.put(key, other)).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(await openUploads(key)).toEqual([]);
  }, 60_000);

  const sha256 = sha256Of(medium);
  const partFaults: [string, RegExp, Fault, number][] = [
    ["refuses a part once", /partNumber=3/, { type: "REFUSE", status: 503, code: "SlowDown" }, 1],
    ["loses the answer to a part", /partNumber=2/, { type: "CUT_ANSWER" }, 1],
    ["damages a part on its way", /partNumber=4/, { type: "FLIP_REQUEST" }, 1],
    ["answers a part with 200 and an error", /partNumber=1/, { type: "ERROR_BODY_INSTEAD", code: "InternalError" }, 1],
    ["refuses to complete once", /POST .*uploadId=/, { type: "REFUSE", status: 500, code: "InternalError" }, 1],
    ["completes, but its answer is lost", /POST .*uploadId=/, { type: "CUT_ANSWER" }, 1],
    ["completes, but says 200 and an error", /POST .*uploadId=/, { type: "ERROR_BODY", code: "InternalError" }, 1],
    [
      "says 200 and an error instead of completing",
      /POST .*uploadId=/,
      { type: "ERROR_BODY_INSTEAD", code: "SlowDown" },
      1,
    ],
    ["loses the answer to the begin of the upload", /POST .*uploads/, { type: "CUT_ANSWER" }, 1],
  ];
  it.each(partFaults)(
    "stores a large object whole when the server %s",
    async (_, match, fault, nth) => {
      const { store } = await open(match, fault, nth, { multipart });
      const key = newKey();
      expect(await store.put(key, medium)).toEqual({ key, sizeBytes: medium.length, sha256 });
      expect((await store.get(key, sha256)).equals(medium)).toBe(true);
    },
    60_000,
  );

  it.each<[string, Fault]>([
    ["refused", { type: "REFUSE", status: 503, code: "SlowDown" }],
    ["damaged", { type: "FLIP_REQUEST" }],
  ])(
    "leaves neither object nor upload behind when a part is %s for good",
    async (_, fault) => {
      const { store, seen } = await open(/partNumber=3/, fault, undefined, { multipart });
      const key = newKey();
      await expect(store.put(key, medium)).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
      expect(await store.head(key)).toBeUndefined();
      expect(await openUploads(key)).toEqual([]);
      expect(seen.filter((line) => line.startsWith("DELETE")).length).toBe(1);
    },
    60_000,
  );

  const putFaults: [string, RegExp, Fault][] = [
    ["refuses it", /^PUT/, { type: "REFUSE", status: 503, code: "SlowDown" }],
    ["stores it and loses the answer", /^PUT/, { type: "CUT_ANSWER" }],
    ["stores it and says 200 and an error", /^PUT/, { type: "ERROR_BODY", code: "InternalError" }],
    ["says 200 and an error, and stores nothing", /^PUT/, { type: "ERROR_BODY_INSTEAD", code: "SlowDown" }],
    ["is sent other bytes by the line", /^PUT/, { type: "FLIP_REQUEST" }],
    ["cannot be asked whether it is there", /^HEAD/, { type: "REFUSE", status: 503, code: "SlowDown" }],
  ];
  it.each(putFaults)("puts an object once when the server, once, %s", async (_, match, fault) => {
    const { store } = await open(match, fault, 1);
    const key = newKey();
    const info = await store.put(key, small);
    expect((await store.get(key, info.sha256)).equals(small)).toBe(true);
  });

  it.each<[string, Fault]>([
    ["damages what it answers", { type: "FLIP_ANSWER" }],
    ["ends the answer early", { type: "TRUNCATE_ANSWER" }],
    ["answers 200 and an error", { type: "ERROR_BODY", code: "InternalError" }],
    ["answers 503", { type: "REFUSE", status: 503, code: "SlowDown" }],
    ["cuts the connection", { type: "CUT_ANSWER" }],
  ])("reads an object again when the server, once, %s", async (_, fault) => {
    const { store } = await open(/^GET .*object-/, fault, 1);
    const key = newKey();
    const info = await store.put(key, small);
    expect((await store.get(key, info.sha256)).equals(small)).toBe(true);
  });

  it.each<[string, Fault, string]>([
    ["damages every answer", { type: "FLIP_ANSWER" }, "OBJECT_CORRUPT"],
    ["ends every answer early", { type: "TRUNCATE_ANSWER" }, "STORAGE_UNAVAILABLE"],
    ["answers 200 and an error every time", { type: "ERROR_BODY", code: "InternalError" }, "OBJECT_CORRUPT"],
  ])("never takes for an object what a server that %s has sent", async (_, fault, code) => {
    const { store } = await open(/^GET .*object-/, fault);
    const key = newKey();
    const info = await store.put(key, small);
    await expect(store.get(key, info.sha256)).rejects.toMatchObject({ code });
  });

  it.each<[string, Fault]>([
    ["200 and an error", { type: "ERROR_BODY", code: "InternalError" }],
    ["half a page", { type: "TRUNCATE_ANSWER" }],
    ["503", { type: "REFUSE", status: 503, code: "SlowDown" }],
  ])("never takes %s for the end of a listing", async (_, fault) => {
    const { store } = await open(/list-type=2.*prefix=runs/, fault);
    await store.put(newKey(), small);
    const listing = (async () => {
      for await (const _object of store.list("runs/"));
    })();
    await expect(listing).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
  });

  it("takes an object that was sent in parts of another size for the same", async () => {
    const { store } = await open(/^$/, undefined, undefined, { multipart });
    const key = newKey();
    await store.put(key, medium);
    const { store: other } = await open(/^$/, undefined);
    expect(await other.put(key, medium)).toEqual({ key, sizeBytes: medium.length, sha256 });
  });

  it("aborts uploads that were begun before an instant, and no others", async () => {
    const { store } = await open(/^$/, undefined);
    const key = newKey();
    await raw.initiateNewMultipartUpload(bucket, key, {});
    expect(await openUploads(key)).toHaveLength(1);
    await store.abortStaleUploads(new Date(Date.now() - 3_600_000));
    expect(await openUploads(key)).toHaveLength(1);
    expect(await store.abortStaleUploads(new Date(Date.now() + 3_600_000))).toBeGreaterThanOrEqual(1);
    expect(await openUploads(key)).toEqual([]);
  });
});
