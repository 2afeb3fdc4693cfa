import { createHash, randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ObjectStore } from "../../src/storage/object-store.js";

/** A store under test, and a way to change bytes behind its back. */
export interface StoreUnderTest {
  store: ObjectStore;
  /** Replaces the stored bytes of an object, leaving what the store recorded about it. */
  corrupt(key: string, bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const text = (value: string) => Buffer.from(value);

const sizes: [string, Buffer][] = [
  ["0 bytes", Buffer.alloc(0)],
  ["1 byte", Buffer.from([0xff])],
  ["10 MB", randomBytes(10_000_000)],
];

const refusedKeys: [string, string][] = [
  ["the empty key", ""],
  ["a single segment", "object"],
  ["a leading slash", "/etc/passwd"],
  ["a trailing slash", "contract/odd/"],
  ["an empty segment", "contract//odd"],
  ["a parent segment", "contract/../odd"],
  ["a leading parent segment", "../contract/odd"],
  ["a dot segment", "contract/./odd"],
  ["a hidden file", "contract/.odd"],
  ["a NUL", "contract/odd\0"],
  ["a line break", "contract/odd\n"],
  ["a backslash", "contract\\..\\odd"],
  ["a space", "contract/an odd one"],
  ["a percent escape", "contract/%2e%2e/odd"],
  ["a letter outside ASCII", "contract/blüte"],
  ["an emoji", "contract/🌱"],
  ["a segment of 241 characters", `contract/${"a".repeat(241)}`],
  ["513 characters", `contract/${"a/".repeat(252)}`],
  ["100,000 characters", `contract/${"a".repeat(100_000)}`],
];

/** What every store must do, whatever is behind it. */
export function describeObjectStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(name, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;

    beforeAll(async () => {
      subject = await open();
      store = subject.store;
    });
    afterAll(() => subject?.close());

    const collect = async (prefix: string) => {
      const found: { key: string; sizeBytes: number }[] = [];
      for await (const object of store.list(prefix)) found.push(object);
      return found;
    };

    it.each(sizes)("returns %s as they were put", async (label, bytes) => {
      const key = `contract/round-trip/${label.replace(" ", "-")}`;
      const expected = { key, sizeBytes: bytes.byteLength, sha256: sha256(bytes) };
      expect(await store.put(key, bytes)).toEqual(expected);
      expect(await store.head(key)).toEqual(expected);
      expect((await store.get(key)).equals(bytes)).toBe(true);
      expect((await store.get(key, expected.sha256)).equals(bytes)).toBe(true);
    });

    it("stores only the bytes of a view, not the buffer behind it", async () => {
      const view = new Uint8Array([1, 2, 3, 4, 5]).subarray(1, 4);
      await store.put("contract/view/object", view);
      expect([...(await store.get("contract/view/object"))]).toEqual([2, 3, 4]);
    });

    it.each(refusedKeys)("refuses %s as a key, everywhere", async (_, key) => {
      const refusal = expect.objectContaining({
        code: "BAD_INPUT",
        message: expect.stringMatching(/^key: .{0,200}$/s),
      });
      await expect(store.put(key, text("odd"))).rejects.toEqual(refusal);
      await expect(store.get(key)).rejects.toEqual(refusal);
      await expect(store.head(key)).rejects.toEqual(refusal);
      await expect(store.delete(key)).rejects.toEqual(refusal);
      await expect(store.presign(key, 60)).rejects.toEqual(refusal);
    });

    it.each(["/", "..", "../", "contract/../", "contract//", "contract/\0", "contract/blü"])(
      "refuses %j as a prefix",
      async (prefix) => {
        await expect(collect(prefix)).rejects.toMatchObject({ code: "BAD_INPUT" });
      },
    );

    it("takes the same bytes under the same key again, because a put may be retried", async () => {
      const first = await store.put("contract/again/object", text("same"));
      expect(await store.put("contract/again/object", text("same"))).toEqual(first);
    });

    it("refuses other bytes under a key that is taken and keeps the first, even of the same size", async () => {
      await store.put("contract/taken/object", text("first"));
      for (const other of ["other", "longer than the first", ""]) {
        const refused = store.put("contract/taken/object", text(other));
        await expect(refused).rejects.toMatchObject({ code: "BAD_INPUT", message: expect.stringContaining("key:") });
      }
      expect(String(await store.get("contract/taken/object"))).toBe("first");
    });

    it("answers OBJECT_NOT_FOUND for a missing object, and undefined for its head", async () => {
      await store.put("contract/present/object", text("here"));
      for (const key of ["contract/missing/object", "contract/present/other", "contract/present/object-2"]) {
        await expect(store.get(key)).rejects.toMatchObject({
          code: "OBJECT_NOT_FOUND",
          message: expect.stringContaining(key),
        });
        expect(await store.head(key)).toBeUndefined();
      }
    });

    it("answers OBJECT_CORRUPT for bytes that do not have the digest that was asked for", async () => {
      await store.put("contract/wrong-digest/object", text("bytes"));
      const refused = store.get("contract/wrong-digest/object", sha256(text("other bytes")));
      await expect(refused).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
    });

    it.each(["", "abc", "A".repeat(64), `sha256:${"0".repeat(64)}`])(
      "refuses %j as a digest to check",
      async (digest) => {
        await store.put("contract/malformed-digest/object", text("bytes"));
        const refused = store.get("contract/malformed-digest/object", digest);
        await expect(refused).rejects.toMatchObject({
          code: "BAD_INPUT",
          message: expect.stringMatching(/^expectedSha256: /),
        });
      },
    );

    it.each([
      ["a flipped bit", (bytes: Buffer) => Buffer.from(bytes.map((byte, at) => (at === 500 ? byte ^ 1 : byte)))],
      ["a lost tail", (bytes: Buffer) => bytes.subarray(0, 999)],
      ["a lost object body", () => Buffer.alloc(0)],
    ])("notices %s, with and without a digest to check", async (label, damage) => {
      const key = `contract/corrupt/${label.replaceAll(" ", "-")}`;
      const bytes = randomBytes(1000);
      const info = await store.put(key, bytes);
      await subject.corrupt(key, damage(bytes));
      await expect(store.get(key, info.sha256)).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
      await expect(store.get(key)).rejects.toMatchObject({ code: "OBJECT_CORRUPT" });
    });

    it("lists by prefix in the byte order of the keys, whole segments or part of one", async () => {
      const keys = ["a-b/1", "a/1", "a/10", "a/2/x", "a/2-x", "aa/1", "b/1"].map((key) => `contract/list/${key}`);
      for (const key of keys) await store.put(key, text(key));
      const inOrder = [...keys].sort();
      const expectations: [string, string[]][] = [
        ["contract/list/", inOrder],
        ["contract/list", inOrder],
        ["contract/list/a", inOrder.filter((key) => key.startsWith("contract/list/a"))],
        ["contract/list/a/", inOrder.filter((key) => key.startsWith("contract/list/a/"))],
        ["contract/list/a/1", ["contract/list/a/1", "contract/list/a/10"]],
        ["contract/list/a/1/", []],
        ["contract/list/nothing/", []],
        ["nothing/at/all", []],
      ];
      for (const [prefix, expected] of expectations) {
        expect(await collect(prefix)).toEqual(expected.map((key) => ({ key, sizeBytes: key.length })));
      }
      expect((await collect("")).map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
    });

    it("lists more objects than one page of an S3 listing holds", async () => {
      const keys = Array.from({ length: 1_005 }, (_, index) => `contract/many/${String(index).padStart(5, "0")}`);
      const waiting = [...keys];
      const writers = Array.from({ length: 24 }, async () => {
        for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) await store.put(key, text("1"));
      });
      await Promise.all(writers);
      expect((await collect("contract/many/")).map(({ key }) => key)).toEqual(keys);
    }, 60_000);

    it("deletes an object, and is content when there is nothing to delete", async () => {
      await store.put("contract/delete/object", text("short-lived"));
      await store.delete("contract/delete/object");
      await store.delete("contract/delete/object");
      await store.delete("contract/delete/never/there");
      expect(await store.head("contract/delete/object")).toBeUndefined();
      await expect(store.get("contract/delete/object")).rejects.toMatchObject({ code: "OBJECT_NOT_FOUND" });
      expect(await collect("contract/delete/")).toEqual([]);
    });

    it("lets many writers put the same bytes under one key at once", async () => {
      const bytes = randomBytes(100_000);
      const infos = await Promise.all(Array.from({ length: 12 }, () => store.put("contract/same-race/object", bytes)));
      expect(new Set(infos.map((info) => info.sha256))).toEqual(new Set([sha256(bytes)]));
      expect((await store.get("contract/same-race/object")).equals(bytes)).toBe(true);
    });

    it("lets exactly one of many writers with different bytes win a key", async () => {
      const bodies = Array.from({ length: 12 }, () => randomBytes(100_000));
      const outcomes = await Promise.allSettled(bodies.map((bytes) => store.put("contract/race/object", bytes)));
      const winners = bodies.filter((_, index) => outcomes[index]?.status === "fulfilled");
      expect(winners).toHaveLength(1);
      expect((await store.get("contract/race/object")).equals(winners[0] ?? Buffer.alloc(0))).toBe(true);
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "BAD_INPUT" });
      }
    });

    it("signs a URL that any HTTP client can GET, until it expires", async () => {
      const bytes = randomBytes(200_000);
      await store.put("contract/presign/object.bin", bytes);
      const url = await store.presign("contract/presign/object.bin", 5);
      const answer = await fetch(url);
      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
      await sleep(6_100);
      expect((await fetch(url)).status).toBe(403);
    });

    it("serves no URL that was tampered with", async () => {
      await store.put("contract/presign/mine", text("mine"));
      await store.put("contract/presign/yours", text("yours"));
      const url = await store.presign("contract/presign/mine", 60);
      const last = url.at(-1) === "0" ? "1" : "0";
      const forged = [
        url.replace("/presign/mine", "/presign/yours"),
        `${url.slice(0, -1)}${last}`,
        url.replace(/(xpires=)\d+/, "$186400"),
        url.replace(/(ignature=)[^&]+/, "$1"),
        url.replace(/\?.*$/, "?"),
      ];
      for (const attempt of forged) {
        const answer = await fetch(attempt);
        expect(answer.ok, attempt).toBe(false);
        expect(answer.status).toBeLessThan(500);
        expect(await answer.text()).not.toMatch(/^(mine|yours)$/);
      }
      expect((await fetch(url, { method: "PUT", body: "changed" })).ok).toBe(false);
      expect(String(await store.get("contract/presign/mine"))).toBe("mine");
    });

    it("answers 404 at the URL of an object that does not exist", async () => {
      expect((await fetch(await store.presign("contract/presign/missing", 60))).status).toBe(404);
    });

    it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 604_801])(
      "refuses to sign for %d seconds",
      async (seconds) => {
        const refused = store.presign("contract/presign/object.bin", seconds);
        await expect(refused).rejects.toMatchObject({
          code: "BAD_INPUT",
          message: expect.stringMatching(/^expiresInSeconds: /),
        });
      },
    );
  });
}
