import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { readCompressed } from "./archive.js";
import { type Case, declarableNames, kinds, systematicCases } from "./corpus.js";
import { digestOf } from "./resolve.js";

const folder = fileURLToPath(new URL("releases/", import.meta.url));

/** The digest is what tells a declaration that changes something from one that does not, so it must never move. */
describe.each(readdirSync(folder))("a declaration stored by release %s", async (release) => {
  const lines = (await readCompressed(`${folder}${release}/declarations.ndjson.br`)).toString().trim().split("\n");
  const cases = lines.map((line) => JSON.parse(line) as Case & { digest: string });

  test.each(kinds)("has the same digest: %s", (kind) => {
    const stored = cases.filter((each) => each.kind === kind);
    expect(stored.length).toBeGreaterThan(50);
    const moved = stored.filter(({ digest, ...declared }) => digestOf(declared) !== digest);
    expect(moved.slice(0, 3)).toEqual([]);
  });
});

test("the corpus of the next release uses every field and choice that can be declared now", () => {
  const schema = createSchema();
  const used = new Set<string>();
  const collect = (value: unknown) => {
    if (typeof value === "string") used.add(value);
    if (typeof value !== "object" || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      used.add(key);
      collect(item);
    }
  };
  for (const each of systematicCases(schema)) if (digestOf(each) !== undefined) collect(each.args[0]);
  expect(declarableNames(schema).filter((name) => !used.has(name))).toEqual([]);
});
