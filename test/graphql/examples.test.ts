import { readdir, readFile } from "node:fs/promises";
import { parse, validate } from "graphql";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { readDigits } from "../../src/demo/stage/digits.js";
import { createSchema } from "../../src/graphql/schema.js";
import { type Api, openApi } from "./api.js";

const examples = new URL("../../examples/", import.meta.url);
const read = (file: string) => readFile(new URL(file, examples), "utf8");
const stories = ["churn", "reviews", "digits-images"];
const operations = (
  await Promise.all(
    stories.map(async (story) => (await readdir(new URL(story, examples))).map((file) => `${story}/${file}`)),
  )
)
  .flat()
  .filter((file) => file.endsWith(".graphql"));

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api?.close());

/** What a mutation of a story answers: nothing may be wrong with it. */
async function told(file: string, variables?: object) {
  const { data, errors } = await api.ask(await read(file), variables);
  expect(errors).toBeUndefined();
  for (const payload of Object.values(data as Record<string, { problems: unknown[] }>)) {
    expect(payload.problems).toEqual([]);
  }
  return data;
}

describe("the operations of the stories", () => {
  const schema = createSchema();
  test.each(operations)("%s is valid", async (file) => {
    expect(validate(schema, parse(await read(file)))).toEqual([]);
  });

  it("declare a text classifier and train it, with everything that follows from a text in the spec", async () => {
    await told("reviews/01-declare-dataset.graphql");
    const { query, variables } = JSON.parse(await read("reviews/append.json"));
    expect((await api.ask(query, variables)).data.appendRows).toEqual({
      problems: [],
      version: { number: 1, rowCount: 120 },
    });
    const { declareModel } = await told("reviews/02-declare-model.graphql");
    const [input] = declareModel.model.revision.spec.inputs;
    expect(input).toMatchObject({
      preprocessing: "EMBEDDING",
      vectorization: { standardize: "LOWER_AND_STRIP_PUNCTUATION", split: "WHITESPACE", maxTokens: 10_000 },
      placement: { maxLength: 128 },
    });
    expect((await told("reviews/03-train.graphql")).train.run.id).toMatch(/^run_/);
    const { declareModel: inOrder } = await told("reviews/05-read-in-order.graphql");
    expect(inOrder.model.revision.spec.layers[0].outputShape).toEqual([20, 16]);
  });

  it("declare a network for images and train it", async () => {
    await told("digits-images/01-declare-dataset.graphql");
    const digits = await readDigits(new URL("digits/", examples));
    const rows = digits.slice(0, 200).map(({ pixels, digit }) => ({ picture: pixels.map((ink) => ink * 15), digit }));
    await told("digits-images/02-append-rows.graphql", { rows });
    await told("digits-images/03-declare-model.graphql");
    await told("digits-images/04-train.graphql");
  });
});

describe("features of text, sequence, time and image", () => {
  const declare = `mutation ($input: DeclareDatasetInput!) {
    declareDataset(input: $input) {
      changed problems { path code }
      dataset { features { name type categories shape resize } }
    }
  }`;
  const features = [
    { name: "note", type: "TEXT" },
    { name: "route", type: "SEQUENCE", shape: [2] },
    { name: "at", type: "TIMESTAMP" },
    { name: "photo", type: "IMAGE", shape: [1, 2, 1], resize: "CROP" },
    { name: "y", type: "BINARY" },
  ];

  it("are declared, and once more without a change", async () => {
    const input = { name: "diary", features, split: { key: "at" } };
    const { data } = await api.ask(declare, { input });
    expect(data.declareDataset).toMatchObject({ changed: true, problems: [] });
    expect(data.declareDataset.dataset.features.map((feature: { resize: unknown }) => feature.resize)).toEqual([
      ...[null, null, null, "CROP", null],
    ]);
    expect((await api.ask(declare, { input })).data.declareDataset).toMatchObject({ changed: false, problems: [] });
    const other = features.map((feature) => (feature.name === "photo" ? { ...feature, resize: "PAD" } : feature));
    expect((await api.ask(declare, { input: { ...input, features: other } })).data.declareDataset.changed).toBe(true);
  });

  it("have all that is wrong with their rows reported at once, and nothing stored", async () => {
    const append = `mutation ($rows: [JSONObject!]!) {
      appendRows(input: { dataset: "diary", rows: $rows }) { problems { path code } version { rowCount } }
    }`;
    const good = { note: "", route: [], at: "2026-03-01", photo: [1, 2], y: true };
    const bad = [{ ...good, note: 1, photo: "png" }, good, { ...good, route: [[1]], at: 5 }];
    expect((await api.ask(append, { rows: bad })).data.appendRows).toEqual({
      problems: [
        { path: "rows[0].note", code: "BAD_TYPE" },
        { path: "rows[0].photo", code: "BAD_TYPE" },
        { path: "rows[2].route[0]", code: "SHAPE_MISMATCH" },
        { path: "rows[2].at", code: "BAD_TYPE" },
      ],
      version: null,
    });
    expect((await api.ask(append, { rows: [good] })).data.appendRows.version).toEqual({ rowCount: 1 });
  });

  it("take every option of their preprocessing, and refuse those that do not apply", async () => {
    const model = `mutation ($input: DeclareModelInput!) {
      declareModel(input: $input) { problems { path code } model { revision { spec } } }
    }`;
    const preprocessing = [
      {
        ...{ feature: "note", method: "EMBEDDING", dimensions: 4, pooling: "AVERAGE", standardize: "NONE" },
        ...{ split: "CHARACTER", hashBins: 64, maxLength: 20, padding: "POST", truncating: "PRE" },
      },
      { feature: "at", method: "Z_SCORE" },
    ];
    const declaration = { name: "m", dataset: "diary", target: "y", inputs: ["note", "at"], preprocessing, layers: [] };
    const { data } = await api.ask(model, { input: declaration });
    expect(data.declareModel.problems).toEqual([]);
    const [note] = data.declareModel.model.revision.spec.inputs;
    expect(note).toMatchObject({
      vectorization: { standardize: "NONE", split: "CHARACTER", hashBins: 64 },
      placement: { maxLength: 20, padding: "POST", truncating: "PRE" },
    });
    const wrong = {
      ...declaration,
      preprocessing: [
        { feature: "at", maxLength: 5 },
        { feature: "note", dimensions: 0 },
      ],
    };
    expect((await api.ask(model, { input: wrong })).data.declareModel.problems).toEqual([
      { path: "preprocessing[0].maxLength", code: "CONTRADICTION" },
      { path: "preprocessing[1].dimensions", code: "OUT_OF_RANGE" },
    ]);
  });
});
