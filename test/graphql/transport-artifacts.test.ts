import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readlink, rm, truncate } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArtifact } from "../../src/programs/server.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import type { HttpServer } from "../../src/transport/http.js";
import { startToyServer } from "./toy-server.js";

const bytes = randomBytes(300_000);
const size = bytes.length;
const etag = `"sha256:${createHash("sha256").update(bytes).digest("hex")}"`;

let root: string;
let store: FileStore;
let server: HttpServer;
let url: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "perennial-artifacts-"));
  store = await openFileStore({ root, secret: "s".repeat(32), baseUrl: () => server.url });
  server = await startToyServer({ openArtifact: (pathAndQuery) => openArtifact(store, pathAndQuery) });
  await store.put("runs/r/weights.safetensors", bytes);
  await store.put("runs/r/empty", Buffer.alloc(0));
  url = await store.presign("runs/r/weights.safetensors", 600);
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

async function get(headers: Record<string, string> = {}, options: { method?: string; url?: string } = {}) {
  const response = await fetch(options.url ?? url, { method: options.method ?? "GET", headers });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body };
}

describe("a download", () => {
  it("is whole, and says that ranges can be had and what its digest is", async () => {
    const { status, headers, body } = await get();
    expect([status, body.equals(bytes)]).toEqual([200, true]);
    expect(headers.get("accept-ranges")).toBe("bytes");
    expect(headers.get("etag")).toBe(etag);
    expect(headers.get("content-length")).toBe(String(size));
    expect(headers.get("content-range")).toBeNull();
    expect(headers.get("content-disposition")).toBe("attachment; filename=weights.safetensors");
  });

  const ranges: [range: string, start: number, end: number][] = [
    ["bytes=0-0", 0, 0],
    ["bytes=0-99", 0, 99],
    ["bytes=100-", 100, size - 1],
    ["bytes=-100", size - 100, size - 1],
    [`bytes=-${size * 2}`, 0, size - 1],
    [`bytes=10-${size * 2}`, 10, size - 1],
    [`bytes=${size - 1}-`, size - 1, size - 1],
    ["bytes=65530-65545", 65_530, 65_545],
    [" BYTES = 5 - 9 ", 5, 9],
  ];
  it.each(ranges)("of %s is answered with 206 and those bytes", async (range, start, end) => {
    const { status, headers, body } = await get({ range });
    expect(status).toBe(206);
    expect(headers.get("content-range")).toBe(`bytes ${start}-${end}/${size}`);
    expect(headers.get("content-length")).toBe(String(end - start + 1));
    expect(headers.get("etag")).toBe(etag);
    expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  it("that broke off can be gone on with, under the condition that it is the same", async () => {
    const half = Math.floor(size / 2);
    const first = await get({ range: `bytes=0-${half}` });
    const rest = await get({ range: `bytes=${half + 1}-`, "if-range": etag });
    expect([rest.status, Buffer.concat([first.body, rest.body]).equals(bytes)]).toEqual([206, true]);
    for (const other of ['"sha256:0"', `W/${etag}`, "Wed, 21 Oct 2015 07:28:00 GMT"]) {
      const whole = await get({ range: `bytes=${half + 1}-`, "if-range": other });
      expect([whole.status, whole.body.equals(bytes)]).toEqual([200, true]);
    }
  });

  it.each([`bytes=${size}-`, "bytes=-0", `bytes=${size * 2}-${size * 3}`])(
    "of %s is refused with 416 and its size",
    async (range) => {
      const { status, headers, body } = await get({ range });
      expect([status, headers.get("content-range")]).toEqual([416, `bytes */${size}`]);
      expect(JSON.parse(String(body)).errors[0].extensions.code).toBe("BAD_REQUEST");
    },
  );

  it.each(["bytes=0-9,100-109", "lines=0-9", "bytes", "bytes=-", "bytes=9-0", "bytes=a-b", "0-9"])(
    "of %s, which is no single range of bytes, is whole",
    async (range) => {
      const { status, body } = await get({ range });
      expect([status, body.equals(bytes)]).toEqual([200, true]);
    },
  );

  it("by HEAD has the same headers and no body", async () => {
    const { status, headers, body } = await get({ range: "bytes=0-9" }, { method: "HEAD" });
    expect([status, headers.get("content-length"), headers.get("etag"), body.length]).toEqual([
      200,
      String(size),
      etag,
      0,
    ]);
    expect(headers.get("accept-ranges")).toBe("bytes");
  });

  it("is not sent again to whoever has it, and not to whoever means another", async () => {
    // `fetch` adds `Cache-Control: no-cache` to a condition of its user's.
    const known = (condition: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const request = httpRequest(url, { headers: { "if-none-match": condition } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", reject).end();
      });
    expect(await known(etag)).toBe(304);
    expect(await known(`"other", W/${etag}`)).toBe(304);
    expect(await known('"other"')).toBe(200);
    expect((await get({ "if-match": etag })).status).toBe(200);
    expect((await get({ "if-match": "*" })).status).toBe(200);
    expect((await get({ "if-match": '"other"' })).status).toBe(412);
  });

  it("of an empty object has no ranges", async () => {
    const empty = await store.presign("runs/r/empty", 600);
    expect((await get({}, { url: empty })).status).toBe(200);
    expect((await get({ range: "bytes=0-" }, { url: empty })).status).toBe(416);
    expect((await get({}, { url: empty, method: "HEAD" })).headers.get("content-length")).toBe("0");
  });

  it("needs its signature for a range, too", async () => {
    expect((await get({ range: "bytes=0-9" }, { url: url.replace(/signature=.*/, "signature=00") })).status).toBe(403);
  });

  it.runIf(process.platform === "linux")(
    "that breaks off, or is refused, leaves no file open, and streams",
    async () => {
      await store.put("runs/r/large", Buffer.from("x"));
      await truncate(join(root, "objects/runs/r/large"), 2 ** 30);
      const large = await store.presign("runs/r/large", 600);
      const before = process.memoryUsage().rss;
      for (let count = 0; count < 20; count++) {
        await new Promise<void>((resolve) => {
          const request = httpRequest(large, { agent: false, headers: { range: "bytes=1000-" } }, (response) => {
            response.once("data", () => {
              request.destroy();
              resolve();
            });
          });
          request.on("error", () => {});
          request.end();
        });
        await get({ range: `bytes=${2 ** 30}-` }, { url: large });
        await get({}, { url: large, method: "HEAD" });
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
      const open = async () => {
        const descriptors = await readdir("/proc/self/fd");
        const paths = await Promise.all(descriptors.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => "")));
        return paths.filter((path) => path.startsWith(root)).length;
      };
      let left = await open();
      const deadline = Date.now() + 5_000;
      while (left > 0 && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        left = await open();
      }
      expect(left).toBe(0);
    },
  );
});
