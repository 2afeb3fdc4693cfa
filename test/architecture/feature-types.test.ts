import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, test } from "vitest";
import { featureTypeTests } from "./feature-type-tests.js";

const source = fileURLToPath(new URL("../../src/", import.meta.url));

describe("the type of a feature", () => {
  it("is asked for nowhere in src/: what depends on it is in its description, its codec and its ONNX form", () => {
    const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const tests = files.flatMap((file) =>
      featureTypeTests(readFileSync(path.join(source, file), "utf8")).map((found) => `${file}:${found}`),
    );
    expect(tests).toEqual([]);
  });

  test.each([
    ['if (feature.type === "TEXT") f();', 1],
    ['const isText = "TEXT" !== type;', 1],
    ['if (type === "NUMBER" || type === "VECTOR") f();', 2],
    ['switch (type) { case "NUMBER": case "IMAGE": f(); break; case "OTHER": g(); }', 2],
    ['if (["NUMBER", "BINARY"].includes(type)) f();', 1],
    ['const keys = new Set(["NUMBER", "BINARY"]);', 1],
    ['const keys: readonly FeatureType[] = ["NUMBER", "BINARY"];', 1],
    ['const entries = { VECTOR: ["length"], IMAGE: ["height", "width", "channels"] };', 1],
    ["const targets = { NUMBER: 1, BINARY: 2, CATEGORY: 3, VECTOR: 4, LABELS: 5 };", 0],
    ['if (takes.type === "NUMBER") f();', 0],
    ['switch (takes.type) { case "TEXT": f(); }', 0],
    ['const order = { NUMBER: { column: "number" } };', 0],
    ['const feature = { type: "NUMBER" };', 0],
    ['if (kind === "OTHER") f();', 0],
  ])("is asked for in `%s`: %i", (text, count) => {
    expect(featureTypeTests(text)).toHaveLength(count);
  });
});
