import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, contract, openApi } from "./api.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api.close());

const declare = `mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } } }`;
const append = `mutation ($input: AppendRowsInput!) {
  appendRows(input: $input) { problems { path code message } version { number } }
}`;

interface Person {
  age: number | null;
  sex: string;
  survived: boolean;
}

/** The ages of a part differ from those of another by `shift`. */
const people = (count: number, { shift = 0, missing = 0 } = {}): Person[] =>
  Array.from({ length: count }, (_, row) => ({
    age: row < missing ? null : 20 + ((row * 7) % 30) + shift,
    sex: row % 3 === 0 ? "female" : "male",
    survived: row % 2 === 0,
  }));

async function titanic(name: string, ...parts: Person[][]): Promise<void> {
  const features = [
    { name: "age", type: "NUMBER", nullable: true },
    { name: "sex", type: "CATEGORY", categories: ["female", "male"] },
    { name: "survived", type: "BINARY" },
  ];
  const { data } = await api.ask(declare, { input: { name, features } });
  expect(data.declareDataset.problems).toEqual([]);
  for (const rows of parts) {
    const answer = await api.ask(append, { input: { dataset: name, rows } });
    expect(answer.data.appendRows.problems).toEqual([]);
  }
}

async function ask(operation: string, variables: object) {
  const { query } = await contract(operation);
  const { data, errors } = await api.ask(query, variables);
  if (errors) throw Object.assign(new Error(errors[0]?.message), { code: errors[0]?.extensions?.code });
  return data;
}

describe("datasetProfile", () => {
  it("answers what the values of a version look like", async () => {
    await titanic("titanic", people(60, { missing: 6 }), people(60));
    const { datasetProfile: newest } = await ask("19-dataset-profile", { dataset: "titanic" });
    expect(newest.rowCount).toBe(120);
    const [age, sex, survived] = newest.features;
    expect(age).toMatchObject({ name: "age", type: "NUMBER", missing: 6, distinct: 30, minimum: 20, maximum: 49 });
    expect(age.histogram.counts.reduce((sum: number, count: number) => sum + count, 0)).toBe(114);
    expect(age.quantiles.map(({ probability }: { probability: number }) => probability)).toContain(0.5);
    expect(sex).toMatchObject({
      ...{ type: "CATEGORY", missing: 0, distinct: 2, mean: null, standardDeviation: null, histogram: null },
      topValues: [
        { value: "male", count: 80 },
        { value: "female", count: 40 },
      ],
    });
    expect(survived).toMatchObject({
      mean: 0.5,
      topValues: [
        { value: "false", count: 60 },
        { value: "true", count: 60 },
      ],
    });
    const { datasetProfile: first } = await ask("19-dataset-profile", { dataset: "titanic", version: 1 });
    expect(first).toMatchObject({ rowCount: 60, features: [{ missing: 6 }, { missing: 0 }, { missing: 0 }] });
  });

  it("is made of segments that were stored without one", async () => {
    await titanic("older", people(40), people(50));
    const before = await ask("19-dataset-profile", { dataset: "older", version: 1 });
    await api.platform.db.query("DELETE FROM segment_profile");
    const { datasetProfile } = await ask("19-dataset-profile", { dataset: "older" });
    expect(datasetProfile.rowCount).toBe(90);
    const stored = await api.platform.db.query("SELECT count(*)::int AS count FROM segment_profile");
    expect(stored).toEqual([{ count: 2 }]);
    expect(await ask("19-dataset-profile", { dataset: "older", version: 1 })).toEqual(before);
  });

  it("warns of constant features, and of those that are missing more often than before", async () => {
    const constant = people(60).map((person) => ({ ...person, sex: "male" }));
    await titanic("strange", people(60), constant, people(60, { missing: 30 }));
    const warnings = `query ($version: Int) {
      datasetProfile(dataset: "strange", version: $version) { version { number } warnings { path code message } }
    }`;
    const { data } = await api.ask(warnings, {});
    expect(data.datasetProfile).toEqual({
      version: { number: 3 },
      warnings: [
        {
          path: "age",
          code: "MISSING_RISING",
          message: "is missing in 50 percent of the 60 added rows, and in 0 percent of those before.",
        },
      ],
    });
    const earlier = await api.ask(warnings, { version: 2 });
    expect(earlier.data.datasetProfile.warnings).toMatchObject([{ path: "sex", code: "CONSTANT" }]);
    const events = api.follow(
      `subscription { datasetEvents(dataset: "strange") { kind version { number } problems { path code } } }`,
    );
    const seen = [];
    for await (const { data } of events) {
      seen.push(data.datasetEvents);
      if (seen.length === 6) break;
    }
    expect(seen.filter(({ kind }) => kind === "ROWS_FLAGGED")).toEqual([
      { kind: "ROWS_FLAGGED", version: { number: 2 }, problems: [{ path: "sex", code: "CONSTANT" }] },
      { kind: "ROWS_FLAGGED", version: { number: 3 }, problems: [{ path: "age", code: "MISSING_RISING" }] },
    ]);
    expect(seen[1].problems).toEqual([]);
  });

  it("is NOT_FOUND of no dataset, of no version, and before the first append", async () => {
    await titanic("empty");
    for (const variables of [{ dataset: "nothing" }, { dataset: "empty" }, { dataset: "titanic", version: 9 }])
      await expect(ask("19-dataset-profile", variables)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("compareDatasets", () => {
  it("tells which features of later rows have drifted", async () => {
    await titanic("shifting", people(300), people(150), people(200, { shift: 15 }));
    const compare = (reference: number, current: number) =>
      ask("20-compare-datasets", { dataset: "shifting", reference, current });
    const { compareDatasets: same } = await compare(1, 2);
    expect(same).toMatchObject({ drifted: false, share: 0 });
    expect(same.features.map(({ name, test }: { name: string; test: string }) => [name, test])).toEqual([
      ["age", "KOLMOGOROV_SMIRNOV"],
      ["sex", "Z_TEST"],
      ["survived", "Z_TEST"],
    ]);
    const { compareDatasets: shifted } = await compare(2, 3);
    expect(shifted).toMatchObject({ drifted: false, share: 1 / 3 });
    expect(shifted.features[0]).toMatchObject({ name: "age", threshold: 0.05, drifted: true });
    expect(shifted.features[0].pValue).toBeLessThan(1e-6);
    await expect(compare(2, 2)).rejects.toMatchObject({ code: "BAD_INPUT" });
    await expect(compare(1, 7)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
