import { createHash } from "node:crypto";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { S3StoreOptions } from "../../src/storage/s3-client.js";
import { openS3Store } from "../../src/storage/s3-store.js";
import { leastOf } from "../support/least-of.js";

const emptyListing = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
const fault = (code: string, message = "no") =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

/** Answers of a server in trouble, which a healthy one cannot be made to give. Everything else runs against a real server. */
describe("the S3 store, when the server is in trouble", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const open = async (answer: RequestListener, options: Partial<S3StoreOptions> = {}) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      request.resume();
      if (request.url?.includes("list-type=2")) return response.end(emptyListing);
      seen.push(request.method ?? "");
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const store = await openS3Store({ endpoint, bucket: "test", accessKey: "a", secretKey: "b", ...options });
    return { store, seen };
  };

  it.each([
    [507, "XMinioStorageFull"],
    [507, ""],
    [500, "XMinioStorageFull"],
    [403, "QuotaExceeded"],
    [400, "XMinioAdminBucketQuotaExceeded"],
    [500, "InternalError", "We encountered an internal error: cause(no space left on device)"],
  ])("answers STORAGE_FULL to HTTP %i %s, at once", async (status, code, message?: string) => {
    const { store, seen } = await open((request, response) => {
      response
        .writeHead(request.method === "HEAD" ? 404 : status)
        .end(request.method === "HEAD" ? "" : fault(code, message));
    });
    await expect(store.put("runs/1/object", Buffer.from("x"))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(seen).toEqual(["HEAD", "PUT"]);
  });

  it("asks three times and then answers STORAGE_UNAVAILABLE with what the server said", async () => {
    const { store, seen } = await open((_, response) => response.writeHead(503).end(fault("SlowDown")));
    const refused = store.get("runs/1/object");
    await expect(refused).rejects.toMatchObject({
      code: "STORAGE_UNAVAILABLE",
      message: expect.stringContaining("SlowDown"),
    });
    expect(seen).toEqual(["GET", "GET", "GET"]);
  });

  it("does not mind a fault that passes", async () => {
    let answers = 0;
    const { store } = await open((_, response) => {
      answers++;
      if (answers === 1) response.writeHead(500).end(fault("InternalError"));
      else if (answers === 2) response.destroy();
      else response.end("bytes");
    });
    expect(String(await store.get("runs/1/object"))).toBe("bytes");
  });

  it.each<[string, RequestListener]>([
    ["never answers", () => {}],
    [
      "falls silent in the middle of an object",
      (_, response) => void response.writeHead(200, { "content-length": 10 }).write("half"),
    ],
  ])("does not hang on a server that %s", async (_, answer) => {
    const { store } = await open(answer, { attempts: 2, timeoutMs: 300 });
    const took = await leastOf(3_000, async () => {
      const started = Date.now();
      await expect(store.get("runs/1/object")).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
      return Date.now() - started;
    });
    expect(took).toBeLessThan(3_000);
  });

  /** Keeps what is put, as the simplest of servers would: no checksums, and perhaps other bytes than were sent. */
  const simpleServer = (keep: (body: Buffer) => Buffer, refuse?: string): RequestListener => {
    let object: { body: Buffer; sha256: string } | undefined;
    return (request, response) => {
      if (request.method === "PUT") {
        if (refuse !== undefined && request.headers["if-none-match"]) return response.writeHead(501).end(fault(refuse));
        const chunks: Buffer[] = [];
        request.on("data", (chunk) => chunks.push(chunk));
        request.on("end", () => {
          object = { body: keep(Buffer.concat(chunks)), sha256: String(request.headers["x-amz-meta-sha256"]) };
          response.end();
        });
      } else if (object === undefined) {
        response.writeHead(404).end();
      } else {
        response.writeHead(200, { "content-length": object.body.length, "x-amz-meta-sha256": object.sha256 });
        response.end(request.method === "HEAD" ? undefined : object.body);
      }
    };
  };

  it("reads back what it wrote where the server keeps no checksum", async () => {
    const { store, seen } = await open(simpleServer((body) => body));
    const sha256 = createHash("sha256").update("bytes").digest("hex");
    expect(await store.put("runs/1/object", Buffer.from("bytes"))).toEqual({
      key: "runs/1/object",
      sizeBytes: 5,
      sha256,
    });
    expect(seen).toEqual(["HEAD", "PUT", "HEAD", "GET"]);
  });

  it("does not confirm a put of which the server kept other bytes", async () => {
    const { store } = await open(simpleServer(() => Buffer.from("bites")));
    await expect(store.put("runs/1/object", Buffer.from("bytes"))).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });

  it("writes without a condition where the server knows none", async () => {
    const { store } = await open(simpleServer((body) => body, "NotImplemented"));
    await store.put("runs/1/object", Buffer.from("bytes"));
    expect(String(await store.get("runs/1/object"))).toBe("bytes");
  });

  it.each<[string, Partial<S3StoreOptions>]>([
    ["endpoint", { endpoint: "127.0.0.1:9000" }],
    ["endpoint", { endpoint: "ftp://127.0.0.1" }],
    ["endpoint", { endpoint: "http://127.0.0.1:9000/bucket" }],
    ["publicEndpoint", { publicEndpoint: "nowhere" }],
    ["bucket", { bucket: "" }],
    ["accessKey", { accessKey: "" }],
    ["secretKey", { secretKey: "" }],
  ])("refuses a wrong %s before it asks the server: %j", async (field, wrong) => {
    const refused = open(() => {}, wrong);
    await expect(refused).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringMatching(new RegExp(`^${field}: `)),
    });
  });

  it.each(["b", "No_Such Name"])("names the setting when %j cannot be a bucket", async (bucket) => {
    await expect(open(() => {}, { bucket })).rejects.toMatchObject({ message: expect.stringContaining("bucket") });
  });
});
