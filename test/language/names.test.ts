import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aliasNameProblem, checkName, type NameKind, parseVersionRef } from "../../src/language/fields/names.js";

const long = (length: number) => "a".repeat(length);

describe("names", () => {
  test.each<[NameKind, string]>([
    ["declaration", "iris-species"],
    ["declaration", "adam-decay"],
    ["declaration", "A.b_c-1"],
    ["declaration", long(63)],
    ["layer", "dense_0"],
    ["feature", "sepal_length"],
    ["feature", "_x1"],
    ["feature", long(200)],
    ["feature", "Sepal length (cm)"],
    ["feature", "sepal-length"],
    ["feature", "a.b"],
    ["feature", "1"],
    ["feature", "größe"],
    ["feature", "日本 🏠"],
    ["feature", "__proto__"],
    ["feature", "constructor"],
    ["feature", 'a"]["b'],
    ["alias", "champion"],
    ["alias", "_a-b"],
    ["alias", "v"],
    ["alias", "v1a"],
  ])("%s %s is allowed", (kind, name) => expect(checkName(kind, name, "name")).toBeUndefined());

  test.each<[NameKind, unknown, string]>([
    ["declaration", "", "BAD_NAME"],
    ["declaration", "1a", "BAD_NAME"],
    ["declaration", "a/b", "BAD_NAME"],
    ["declaration", "a@b", "BAD_NAME"],
    ["declaration", "a\n", "BAD_NAME"],
    ["declaration", "naïve", "BAD_NAME"],
    ["declaration", long(64), "BAD_NAME"],
    ["declaration", long(100_000), "BAD_NAME"],
    ["declaration", null, "REQUIRED"],
    ["declaration", 3, "BAD_TYPE"],
    ["layer", "output", "RESERVED_NAME"],
    ["layer", "inputs", "RESERVED_NAME"],
    ["layer", "optimizer", "RESERVED_NAME"],
    ["layer", "constructor", "RESERVED_NAME"],
    ["feature", "", "BAD_NAME"],
    ["feature", " a", "BAD_NAME"],
    ["feature", "a\u00a0", "BAD_NAME"],
    ["feature", "\ufeffa", "BAD_NAME"],
    ["feature", "a\tb", "BAD_NAME"],
    ["feature", "a\u0000", "BAD_NAME"],
    ["feature", "\ud800", "BAD_NAME"],
    ["feature", "gro\u0308\u00dfe", "BAD_NAME"],
    ["feature", long(201), "BAD_NAME"],
    ["feature", 3, "BAD_TYPE"],
    ["alias", "latest", "RESERVED_NAME"],
    ["alias", "v12", "RESERVED_NAME"],
    ["alias", "1st", "BAD_NAME"],
    ["alias", "a.b", "BAD_NAME"],
  ])("%s %j is refused", (kind, name, code) => {
    const problem = checkName(kind, name, "name");
    expect(problem).toMatchObject({ path: "name", code });
    expect(problem?.message.length).toBeLessThan(250);
  });

  test("an alias's problem lies at alias", () => {
    expect(aliasNameProblem("latest")).toMatchObject({ path: "alias", code: "RESERVED_NAME" });
    expect(aliasNameProblem("champion")).toBeUndefined();
  });
});

describe("a version reference", () => {
  test.each([
    ["iris", { model: "iris" }],
    ["iris-species/3", { model: "iris-species", version: 3 }],
    ["iris/2147483647", { model: "iris", version: 2147483647 }],
    ["a.b_c@champion", { model: "a.b_c", alias: "champion" }],
  ])("%s is read", (text, reference) => expect(parseVersionRef(text)).toEqual(reference));

  test.each([
    "",
    "/3",
    "@champion",
    "iris/",
    "iris/0",
    "iris/-1",
    "iris/03",
    "iris/1.5",
    "iris/1e3",
    "iris/2147483648",
    "iris/latest",
    "iris/3/4",
    "iris/3@champion",
    "iris@",
    "iris@latest",
    "iris@v3",
    "iris@a@b",
    "iris@a/3",
    " iris",
    "iris\n",
    "iris/3\n",
    long(100_000),
    `iris@${long(100_000)}`,
  ])("%j is refused", (text) => {
    const parsed = parseVersionRef(text);
    expect(parsed).toHaveProperty("problem");
    if ("problem" in parsed) expect(parsed.problem.length).toBeLessThan(250);
  });

  test("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.string(), (text) => void parseVersionRef(text)));
  });
});
