import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadOrCreateOperatorKey, parseBearer, verifyKey } from "../../src/auth/operator-key.js";
import { silent } from "../../src/logger.js";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "operator-key-"));
});
afterEach(() => rm(directory, { recursive: true }));

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("the operator key's file", () => {
  it("is made on the first start, for its owner alone, and read on the next", async () => {
    const inside = join(directory, "not", "there", "yet");
    const key = await loadOrCreateOperatorKey(inside);
    expect(key).toMatch(/^pk_[\w-]{43}$/);
    expect(await readFile(join(inside, "operator.key"), "utf8")).toBe(`${key}\n`);
    expect(await modeOf(join(inside, "operator.key"))).toBe(0o600);
    expect(await modeOf(inside)).toBe(0o700);
    expect(await loadOrCreateOperatorKey(inside)).toBe(key);
  });

  it("holds one key however many start at once, and leaves no drafts", async () => {
    const keys = await Promise.all(Array.from({ length: 50 }, () => loadOrCreateOperatorKey(directory)));
    expect(new Set(keys).size).toBe(1);
    expect(await readdir(directory)).toEqual(["operator.key"]);
  });

  it("may be written by hand, with a line end or without", async () => {
    const own = "a-key-of-the-operators-own";
    for (const text of [own, `${own}\n`, `${own}\r\n`]) {
      await writeFile(join(directory, "operator.key"), text, { mode: 0o600 });
      expect(await loadOrCreateOperatorKey(directory)).toBe(own);
    }
  });

  it.each([0o644, 0o640, 0o604, 0o660])("is closed to others with a warning when its mode is 0%o", async (mode) => {
    const key = await loadOrCreateOperatorKey(directory);
    await chmod(join(directory, "operator.key"), mode);
    const warnings: object[] = [];
    expect(await loadOrCreateOperatorKey(directory, { ...silent, warn: (fields) => warnings.push(fields) })).toBe(key);
    expect(await modeOf(join(directory, "operator.key"))).toBe(0o600);
    expect(warnings).toMatchObject([{ found: `0${mode.toString(8)}` }]);
  });

  it.each(["", "\n", "short", "two words that are long enough to be a key", `${"x".repeat(600)}`])(
    "is refused, and kept, when it holds %j",
    async (text) => {
      await writeFile(join(directory, "operator.key"), text, { mode: 0o600 });
      await expect(loadOrCreateOperatorKey(directory)).rejects.toMatchObject({ code: "BAD_INPUT" });
      await expect(loadOrCreateOperatorKey(directory)).rejects.toThrow("operator.key holds no usable key");
      expect(await readFile(join(directory, "operator.key"), "utf8")).toBe(text);
    },
  );
});

describe("a key that is given", () => {
  const cases: [string, string | undefined, boolean][] = [
    ["secret", "secret", true],
    ["secret", "Secret", false],
    ["secret", "secret ", false],
    ["secret", "s", false],
    ["secret", "", false],
    ["secret", undefined, false],
    ["", "", false],
  ];
  it.each(cases)("against %j: %j is right: %j", (expected, given, right) => {
    expect(verifyKey(expected, given)).toBe(right);
  });
});

describe("an Authorization header", () => {
  const cases: [unknown, string | undefined][] = [
    ["Bearer pk_abc", "pk_abc"],
    ["bearer pk_abc", "pk_abc"],
    ["Bearer   pk_abc  ", "pk_abc"],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    ["Bearer a b", undefined],
    ["Basic pk_abc", undefined],
    ["pk_abc", undefined],
    [`Bearer ${"x".repeat(2_000)}`, undefined],
    [undefined, undefined],
    [["Bearer pk_abc"], undefined],
  ];
  it.each(cases)("%j carries %j", (header, token) => {
    expect(parseBearer(header)).toBe(token);
  });
});
