import { randomBytes } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { Client } from "minio";
import { afterAll, describe, expect, it } from "vitest";
import { createObjectStore } from "../../src/storage/create-object-store.js";
import type { S3StoreOptions } from "../../src/storage/s3-client.js";
import { acquireServer, urlVariable } from "../support/s3-server.mjs";
import { describeObjectStore } from "./object-store-contract.js";

const server = await acquireServer();
const recipe = `set ${urlVariable}, or run \`node test/support/s3-server.mjs prepare\` once (needs Go)`;
console.log(
  server ? `S3 suite: runs against ${server.name}.` : `S3 suite: DID NOT RUN, there is no S3 server here: ${recipe}.`,
);

afterAll(() => server?.stop());

const suite = server ? "the S3 store" : `the S3 store (DID NOT RUN: no S3 server; ${recipe})`;

describe.skipIf(server === undefined)(suite, () => {
  const url = new URL(server?.url ?? "http://none:none@127.0.0.1:9/none");
  const endpoint = url.origin;
  const credentials = { accessKey: decodeURIComponent(url.username), secretKey: decodeURIComponent(url.password) };
  const raw = new Client({
    endPoint: url.hostname,
    port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    useSSL: url.protocol === "https:",
    ...credentials,
  });
  // Buckets of its own: whoever shares the server is not disturbed, and every run creates one.
  const newBucket = () => `${url.pathname.slice(1)}-${randomBytes(6).toString("hex")}`;
  const buckets: string[] = [];

  const open = async (options: Partial<S3StoreOptions> = {}) => {
    const bucket = options.bucket ?? newBucket();
    buckets.push(bucket);
    return { bucket, store: await createObjectStore({ kind: "s3", endpoint, ...credentials, ...options, bucket }) };
  };

  afterAll(async () => {
    for (const bucket of buckets) {
      if (!(await raw.bucketExists(bucket).catch(() => false))) continue;
      const names: string[] = [];
      for await (const { name } of raw.listObjectsV2(bucket, "", true)) names.push(name);
      if (names.length > 0) await raw.removeObjects(bucket, names);
      await raw.removeBucket(bucket);
    }
  });

  describeObjectStore("keeps the contract of an object store", async () => {
    const { store, bucket } = await open();
    return {
      store,
      corrupt: async (key, bytes) => {
        const { metaData } = await raw.statObject(bucket, key);
        await raw.putObject(bucket, key, bytes, bytes.byteLength, { sha256: metaData.sha256 });
      },
      close: async () => {},
    };
  });

  it("creates its bucket once, though many open it at the same time", async () => {
    const bucket = newBucket();
    const opened = await Promise.all(Array.from({ length: 6 }, () => open({ bucket })));
    await opened[0]?.store.put("runs/1/object", Buffer.from("shared"));
    expect(String(await opened[5]?.store.get("runs/1/object"))).toBe("shared");
  });

  it("reads an object that something else wrote, and computes its digest", async () => {
    const { store, bucket } = await open();
    await raw.putObject(bucket, "runs/1/foreign", "bytes");
    const info = await store.put("runs/1/own", Buffer.from("bytes"));
    expect(await store.head("runs/1/foreign")).toEqual({ ...info, key: "runs/1/foreign" });
    expect(String(await store.get("runs/1/foreign", info.sha256))).toBe("bytes");
  });

  it("does not confirm a retry over an object that has been damaged since", async () => {
    const { store, bucket } = await open();
    const { sha256 } = await store.put("runs/1/object", Buffer.from("bytes"));
    await raw.putObject(bucket, "runs/1/object", "bites", 5, { sha256 });
    await expect(store.put("runs/1/object", Buffer.from("bytes"))).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });

  it("signs URLs for the address that clients use, where that is another one", async () => {
    const { store } = await open({ publicEndpoint: "https://objects.example.org" });
    expect(await store.presign("runs/1/object", 60)).toMatch(/^https:\/\/objects\.example\.org\//);
  });

  it.each([
    ["accessKey", { accessKey: "nobody-knows-me" }],
    ["secretKey", { secretKey: "not-the-secret-of-this-server" }],
  ])("names %s when the server refuses it, and keeps the secret out of the message", async (setting, wrong) => {
    const failure = await open(wrong).catch((error) => error);
    expect(failure).toMatchObject({ code: "STORAGE_UNAVAILABLE", message: expect.stringContaining(`\`${setting}\``) });
    expect(failure.message).not.toContain("not-the-secret-of-this-server");
  });

  it("answers STORAGE_UNAVAILABLE within seconds once the server is gone, and works again when it is back", async () => {
    const line = await cuttableLine(url);
    const { store } = await open({ endpoint: `http://127.0.0.1:${line.port}` });
    await store.put("runs/1/object", Buffer.from("bytes"));
    await line.cut();
    const started = Date.now();
    const attempts: (() => Promise<unknown>)[] = [
      () => store.put("runs/1/other", Buffer.from("bytes")),
      () => store.get("runs/1/object"),
      () => store.head("runs/1/object"),
      () => store.delete("runs/1/object"),
      async () => {
        for await (const _ of store.list("runs/"));
      },
    ];
    const outcomes = await Promise.allSettled(attempts.map((attempt) => attempt()));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "STORAGE_UNAVAILABLE" } });
    }
    expect(Date.now() - started).toBeLessThan(5_000);
    await line.restore();
    expect(String(await store.get("runs/1/object"))).toBe("bytes");
    await line.cut();
  });
});

/** A line to the server that a test may cut: stopping a shared server would stop it for everyone. */
async function cuttableLine(target: URL) {
  const sockets = new Set<Socket>();
  const line = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const [socket, peer] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => peer.destroy());
      socket.on("close", () => sockets.delete(socket));
      socket.pipe(peer);
    }
  });
  const listen = (port: number) => new Promise<void>((resolve) => line.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const address = line.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    port,
    cut: async () => {
      const closed = new Promise((resolve) => line.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    restore: () => listen(port),
  };
}
