import { readdir, readFile } from "node:fs/promises";
import { parse, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { readDigits } from "../../src/demo/stage/digits.js";
import { createSchema } from "../../src/graphql/schema.js";

const examples = new URL("../../examples/digits/", import.meta.url);
const operations = (await readdir(examples)).filter((name) => name.endsWith(".graphql")).sort();
const schema = createSchema();

describe("the operations of the digits story", () => {
  it.each(operations)("%s is valid, and fits the screen when it is shown", async (name) => {
    const text = await readFile(new URL(name, examples), "utf8");
    expect(validate(schema, parse(text))).toEqual([]);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(76);
  });

  it("come with all 1,797 digits", async () => {
    const rows = await readDigits(examples);
    expect(rows).toHaveLength(1_797);
    expect(new Set(rows.map(({ digit }) => digit)).size).toBe(10);
    for (const { pixels } of rows) {
      expect(pixels).toHaveLength(64);
      expect(pixels.every((value) => value >= 0 && value <= 16)).toBe(true);
    }
  });
});
