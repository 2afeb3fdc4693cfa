import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FileStore, type FileStoreOptions, openFileStore } from "../../src/storage/file-store.js";
import { smallDisk } from "./full-disk.js";
import { describeObjectStore } from "./object-store-contract.js";

const secret = randomBytes(32);

async function temporaryDirectory(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "perennial-file-store-"));
}

/** The few lines that an HTTP layer needs around `openSigned`. */
async function serve(store: () => FileStore): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.method !== "GET") return response.writeHead(405).end();
    const object = await store().openSigned(request.url ?? "");
    if ("refused" in object) return response.writeHead(object.refused === "NOT_FOUND" ? 404 : 403).end(object.refused);
    response.writeHead(200, { "content-length": object.sizeBytes });
    object.read().pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

describeObjectStore("the file store keeps the contract of an object store", async () => {
  const root = await temporaryDirectory();
  let store: FileStore;
  const server = await serve(() => store);
  // The URL ends in a slash here and the port is asked for late, as a composition root would.
  store = await openFileStore({
    root,
    secret,
    baseUrl: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  });
  return {
    store,
    corrupt: (key, bytes) => writeFile(join(root, "objects", key), bytes),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
});

describe("the file store", () => {
  let directory: string;
  let nth = 0;

  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const open = async (options: Partial<FileStoreOptions> = {}) => {
    const root = options.root ?? join(directory, `root-${++nth}`);
    return { root, store: await openFileStore({ secret, baseUrl: "http://127.0.0.1:4000", ...options, root }) };
  };
  const files = async (root: string) =>
    (await readdir(root, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);

  it("lets nobody but its owner read: files are 0600, directories 0700", async () => {
    const { root, store } = await open();
    await store.put("runs/1/2/object", Buffer.from("private"));
    for (const entry of ["", ...(await readdir(root, { recursive: true }))]) {
      const status = await stat(join(root, entry));
      expect(status.mode & 0o777, entry).toBe(status.isDirectory() ? 0o700 : 0o600);
    }
  });

  it("keeps objects as plain files under their keys, and no temporary file", async () => {
    const { root, store } = await open();
    await store.put("runs/1/model.onnx", Buffer.from("graph"));
    expect(await readFile(join(root, "objects/runs/1/model.onnx"), "utf8")).toBe("graph");
    expect(await readdir(join(root, "unfinished"))).toEqual([]);
  });

  it("finds everything again when it is opened anew, also through a link to its root", async () => {
    const { root, store } = await open();
    const info = await store.put("runs/1/object", Buffer.from("durable"));
    await symlink(root, join(directory, "link-to-root"));
    for (const again of [root, join(directory, "link-to-root")]) {
      const { store: reopened } = await open({ root: again });
      expect(await reopened.head("runs/1/object")).toEqual(info);
      expect(String(await reopened.get("runs/1/object"))).toBe("durable");
    }
  });

  it("sweeps what a killed process left, but not what another one is still writing", async () => {
    const { root } = await open();
    await writeFile(join(root, "unfinished/old"), "half");
    await utimes(join(root, "unfinished/old"), new Date(), new Date(Date.now() - 2 * 3_600_000));
    await writeFile(join(root, "unfinished/young"), "half");
    await open({ root });
    expect(await readdir(join(root, "unfinished"))).toEqual(["young"]);
  });

  it("sweeps what was begun before an instant when it is asked to, and says how much that was", async () => {
    const { root, store } = await open();
    await writeFile(join(root, "unfinished/old"), "half");
    await utimes(join(root, "unfinished/old"), new Date(), new Date(Date.now() - 60_000));
    await writeFile(join(root, "unfinished/young"), "half");
    expect(await store.abortStaleUploads(new Date(Date.now() - 3_600_000))).toBe(0);
    expect(await store.abortStaleUploads(new Date(Date.now() - 30_000))).toBe(1);
    expect(await readdir(join(root, "unfinished"))).toEqual(["young"]);
  });

  it("completes a put whose process died between the claim and the object", async () => {
    const { root, store } = await open();
    await store.put("runs/1/object", Buffer.from("bytes"));
    await rm(join(root, "objects/runs/1/object"));
    expect(await store.head("runs/1/object")).toBeUndefined();
    await store.put("runs/1/object", Buffer.from("bytes"));
    expect(String(await store.get("runs/1/object"))).toBe("bytes");
  });

  it("does not confirm a retry over an object that has been damaged since", async () => {
    const { root, store } = await open();
    await store.put("runs/1/object", Buffer.from("bytes"));
    await writeFile(join(root, "objects/runs/1/object"), "bites");
    await expect(store.put("runs/1/object", Buffer.from("bytes"))).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
  });

  it("computes the digest where its record was removed", async () => {
    const { root, store } = await open();
    const info = await store.put("runs/1/object", Buffer.from("bytes"));
    await rm(join(root, "sha256/runs/1/object"));
    expect(await store.head("runs/1/object")).toEqual(info);
  });

  it("never follows a symbolic link out of its root, whatever is asked", async () => {
    const { root, store } = await open();
    const outside = await temporaryDirectory();
    await writeFile(join(outside, "secret"), "not yours");
    await mkdir(join(root, "objects/runs"));
    await symlink(outside, join(root, "objects/runs/out"));
    await symlink(join(outside, "secret"), join(root, "objects/runs/leak"));
    const corrupt = { code: "OBJECT_CORRUPT" };
    await expect(store.get("runs/out/secret")).rejects.toMatchObject(corrupt);
    await expect(store.head("runs/out/secret")).rejects.toMatchObject(corrupt);
    await expect(store.put("runs/out/new/object", Buffer.from("x"))).rejects.toMatchObject(corrupt);
    await expect(store.delete("runs/out/secret")).rejects.toMatchObject(corrupt);
    await expect(store.get("runs/leak")).rejects.toMatchObject(corrupt);
    const listed: string[] = [];
    for await (const { key } of store.list("")) listed.push(key);
    expect(listed).toEqual([]);
    expect(await readdir(outside)).toEqual(["secret"]);
    await rm(outside, { recursive: true });
  });

  it("refuses a key below or above another object", async () => {
    const { store } = await open();
    await store.put("runs/1/object", Buffer.from("x"));
    await expect(store.put("runs/1/object/below", Buffer.from("y"))).rejects.toMatchObject({ code: "BAD_INPUT" });
    await expect(store.put("runs/1", Buffer.from("y"))).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(await store.head("runs/1/object/below")).toBeUndefined();
    expect(await store.head("runs/1")).toBeUndefined();
    await store.delete("runs/1");
    expect(String(await store.get("runs/1/object"))).toBe("x");
  });

  it("answers STORAGE_FULL on a disk without room, keeps nothing of the object, and goes on when there is room", async () => {
    await using disk = await smallDisk();
    const { root, store } = await open({ root: join(disk.directory, "root"), write: disk.write });
    const small = await store.put("runs/1/small", Buffer.from("fits"));
    await disk.whileFull(async () => {
      const refused = store.put("runs/1/large", randomBytes(4_000_000));
      await expect(refused, disk.mechanism).rejects.toMatchObject({ code: "STORAGE_FULL" });
    });
    expect(await store.head("runs/1/large")).toBeUndefined();
    expect((await files(root)).sort()).toEqual(["small", "small"]);
    expect(await store.head("runs/1/small")).toEqual(small);
    await store.put("runs/1/next", Buffer.from("still fits"));
  });

  it.each(["ENOSPC", "EDQUOT"])("answers STORAGE_FULL to %s in the middle of a write", async (code) => {
    const { root, store } = await open({
      write: async (handle, chunk) => {
        await handle.write(chunk.subarray(0, chunk.byteLength / 2));
        throw Object.assign(new Error(code), { code });
      },
    });
    await expect(store.put("runs/1/object", Buffer.from("bytes"))).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await files(root)).toEqual([]);
  });

  it("answers STORAGE_UNAVAILABLE to any other fault of the disk, and when a write is not what was written", async () => {
    const faults: FileStoreOptions["write"][] = [
      async () => {
        throw Object.assign(new Error("EIO"), { code: "EIO" });
      },
      async (handle, chunk) => void (await handle.write(Buffer.alloc(chunk.byteLength))),
    ];
    for (const write of faults) {
      const { root, store } = await open({ write });
      await expect(store.put("runs/1/object", Buffer.from("bytes"))).rejects.toMatchObject({
        code: "STORAGE_UNAVAILABLE",
      });
      expect(await files(root)).toEqual([]);
    }
  });

  it("refuses to open with a short secret or where no directory can be", async () => {
    await expect(open({ secret: "short" })).rejects.toMatchObject({ code: "BAD_INPUT" });
    await writeFile(join(directory, "a-file"), "");
    await expect(open({ root: join(directory, "a-file") })).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
  });
});
