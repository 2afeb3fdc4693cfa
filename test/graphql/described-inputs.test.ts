import { describe, expect, it } from "vitest";
import { limits } from "../../src/language/fields/limits.js";
import { count } from "../../src/language/fields/wording.js";
import { describedSites, type Site, siteWith } from "./described-inputs.js";

// What the schema says of a number is read out of its words, and tried: a description that says another range or default
// than the code has fails here, and so does a number without a range.

interface Range {
  min?: number;
  max?: number;
  above?: number;
  below?: number;
}

const number = String.raw`-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?`;
const phrases: [RegExp, (...found: number[]) => Range][] = [
  [new RegExp(`(?:from )?(${number}) to (${number})(?![\\w.]*\\^)`), (min, max) => ({ min, max })],
  [new RegExp(`at least (${number}) and below (${number})`), (min, below) => ({ min, below })],
  [new RegExp(`above (${number}) and below (${number})`), (above, below) => ({ above, below })],
  [new RegExp(`above (${number}) and at most (${number})`), (above, max) => ({ above, max })],
  [new RegExp(`(?:at least|from) (${number})`), (min) => ({ min })],
  [new RegExp(`above (${number})`), (above) => ({ above })],
  [new RegExp(`at most (${number})`), (max) => ({ max })],
  [new RegExp(`below (${number})`), (below) => ({ below })],
  [/any number|a finite number, got/, () => ({})],
];

/** The first range that a sentence tells, or undefined. */
function rangeIn(text: string): Range | undefined {
  const found = phrases.flatMap(([pattern, range]) => {
    const match = pattern.exec(text.toLowerCase());
    const numbers = match?.slice(1).map((digits) => Number(digits.replaceAll(",", "")));
    return match && numbers ? [{ index: match.index, length: match[0].length, range: range(...numbers) }] : [];
  });
  found.sort((a, b) => a.index - b.index || b.length - a.length);
  return found[0]?.range;
}

/** Numbers of what exists, which are looked up: others are refused as unknown (`stored-bounds.test.ts`). */
const references = ["TrainInput.modelRevision", "TrainInput.optimizerRevision", "TrainInput.datasetVersion"];
/** Ranges that hang on other fields. */
const relative = ["ParallelInput.axis"];
const sites = describedSites();
const numeric = sites.filter(({ type }) => type === "Int" || type === "Float");
const ranged = numeric.filter(({ name }) => ![...references, ...relative].includes(name));

/** Whole numbers end where GraphQL's Int does. */
const complete = (range: Range, { type }: Site): Range =>
  type === "Int" && range.max === undefined ? { ...range, max: limits.int } : range;

async function refusals(site: Site, value: unknown): Promise<string[]> {
  const problems = await site.problems(value);
  return problems.filter(({ code }) => code === "OUT_OF_RANGE" || code === "BAD_TYPE").map(({ message }) => message);
}

describe("a number that is declared", () => {
  it("is found in every input of every declaration", () => {
    expect(numeric.length).toBeGreaterThan(150);
    expect(sites.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        ...["DenseInput.units", "MultiHeadAttentionInput.numHeads", "TrainInput.stepTimeoutSeconds"],
        ...["RepeatVectorInput.n", "KeepInput.latest", "ReplayInput.fraction", "InitializerOptionsInput.gain"],
      ]),
    );
  });

  it.each(ranged.map((site) => [site.name, site] as const))(
    "%s has the range that it is said to have",
    async (_, site) => {
      const said = rangeIn(site.field.description ?? "");
      if (said === undefined) throw new Error(`no range is told: ${site.field.description}`);
      // The code says its own rule when it is given a text.
      const [refusal] = await refusals(site, "a text");
      expect(refusal).toBeDefined();
      expect(complete(said, site)).toEqual(rangeIn(refusal ?? ""));
    },
  );

  it.each(ranged.map((site) => [site.name, site] as const))(
    "%s is refused beyond it, and nowhere else",
    async (_, site) => {
      const { min, max, above, below } = complete(rangeIn(site.field.description ?? "") ?? {}, site);
      const isWhole = site.type === "Int";
      const beside = (bound: number) => (isWhole ? 1 : Math.max(Math.abs(bound) * 1e-4, 1e-4));
      const inside = [
        ...(min === undefined ? [] : [min, min + beside(min)]),
        ...(max === undefined ? [] : [max, max - beside(max)]),
        ...(above === undefined ? [] : [above + beside(above)]),
        ...(below === undefined ? [] : [below - beside(below)]),
        ...(min === undefined && max === undefined && above === undefined && below === undefined
          ? [-1e30, 0, 1e30]
          : []),
      ];
      const outside = [
        ...(min === undefined ? [] : [min - beside(min)]),
        ...(max === undefined ? [] : [max + beside(max)]),
        ...(above === undefined ? [] : [above, above - beside(above)]),
        ...(below === undefined ? [] : [below, below + beside(below)]),
        ...(isWhole ? [(min ?? 0) + 0.5] : []),
      ];
      const refused = async (value: number) => (await refusals(site, value)).some((text) => /^must be a/.test(text));
      for (const value of inside) expect([value, await refused(value)]).toEqual([value, false]);
      for (const value of outside) {
        // -1 stands for something of its own in these two.
        if (value === -1 && /-1[: ]/.test(site.field.description ?? "")) continue;
        expect([value, await refused(value)]).toEqual([value, true]);
      }
    },
  );

  it.each(references)("%s is said to be counted from 1", (name) => {
    const site = numeric.find((candidate) => candidate.name === name);
    expect(rangeIn(site?.field.description ?? "")).toEqual({ min: 1 });
  });

  it("that is the axis of a concatenation lies within the branches", async () => {
    const site = numeric.find(({ name }) => name === "ParallelInput.axis") as Site;
    // A list of numbers has one axis.
    for (const [axis, count] of [
      [-2, 1],
      [-1, 0],
      [0, 0],
      [1, 1],
    ] as const)
      expect([axis, await refusals(site, axis)]).toEqual([axis, expect.objectContaining({ length: count })]);
  });
});

/** The default that a description tells, as a value of the field; undefined where it tells none, or describes it. */
function defaultOf({ field, type }: Site): unknown {
  const written = String.raw`\`[\w]+\`|[A-Z][A-Z_0-9]+|-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?|true|false`;
  const match = new RegExp(`Default: (${written})(?=[.;,])`).exec(field.description ?? "");
  const [, text = ""] = match ?? [];
  if (text === "") return undefined;
  if (type === "Int" || type === "Float") return text.startsWith("`") ? undefined : Number(text.replaceAll(",", ""));
  if (type === "Boolean") return text === "true";
  return text.replaceAll("`", "");
}

/** Whose defaults hang on other fields, and the words that say so. */
const otherwise: Record<string, string> = {
  "PreprocessingInput.dimensions": "1.6 n^0.56 for n categories",
  "ReduceOnPlateauInput.monitor": "`val_loss`",
};

it("the weight of a focal loss has another range and default for each of its two targets", async () => {
  const site = numeric.find(({ name }) => name === "LossInput.alpha") as Site;
  expect(site.field.description).toContain(
    "CATEGORICAL_FOCAL_CROSSENTROPY: factor of the loss; above 0. Default: 0.25.",
  );
  expect(await site.spec(0.25)).toBe(await site.spec());
  expect(await site.spec(0.26)).not.toBe(await site.spec());
  expect(site.field.description).toMatch(/BINARY_FOCAL_CROSSENTROPY: weight of true[^.]*; above 0 and below 1\./);
  const binary = siteWith("LossInput.alpha", { type: "BINARY_FOCAL_CROSSENTROPY" }, { target: "flag" });
  for (const [alpha, wrong] of [
    [0, true],
    [0.001, false],
    [0.999, false],
    [1, true],
  ] as const)
    expect([alpha, (await refusals(binary, alpha)).length > 0]).toEqual([alpha, wrong]);
  expect(await binary.spec()).toContain('"alpha":null');
});

describe("a default", () => {
  const told = sites.filter((site) => site.optional && defaultOf(site) !== undefined && !otherwise[site.name]);

  it("is told of most fields", () => expect(told.length).toBeGreaterThan(150));

  it.each(told.map((site) => [site.name, defaultOf(site), site] as const))(
    "%s: %s is what absence means",
    async (_, value, site) => {
      const absent = await site.spec();
      expect(absent).toBeDefined();
      expect(await site.spec(value)).toBe(absent);
    },
  );

  it.each(Object.entries(otherwise))("%s hangs on other fields: %s", (name, words) => {
    expect(sites.find((site) => site.name === name)?.field.description).toContain(words);
  });
});

it("counts in the changelog are those of the schema", async () => {
  const { readFile } = await import("node:fs/promises");
  const words = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"];
  const wordOf = (size: number) => words[size - 10] ?? count(size);
  const { createSchema } = await import("../../src/graphql/schema.js");
  const schema = createSchema();
  const fieldsOf = (type: string) => Object.keys((schema.getType(type) as { getFields(): object }).getFields()).length;
  const changelog = await readFile(new URL("../../CHANGELOG.md", import.meta.url), "utf8");
  expect(changelog).toContain(`${wordOf(fieldsOf("AlgorithmInput"))} optimizers`);
  expect(changelog).toContain(`${wordOf(fieldsOf("LearningRateInput"))} schedules`);
});
