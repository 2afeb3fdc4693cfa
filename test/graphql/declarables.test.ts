import { type GraphQLEnumType, type GraphQLInputObjectType, getNamedType, isInputObjectType } from "graphql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { declarableKinds } from "../../src/language/catalogue/catalogue.js";
import { type Api, openApi } from "./api.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
});
afterAll(() => api?.close());

const query = `query ($kind: DeclarableKind!) {
  declarables(kind: $kind) { kind name description fields { ...told fields { ...told fields { ...told } } item { ...told fields { ...told } } } }
}
fragment told on DeclarableField {
  name description type required default defaultDescription
  minimum maximum exclusiveMinimum exclusiveMaximum minimumLength maximumLength
  choices { name description } references kind
}`;

async function told(kind: string) {
  const { data, errors } = await api.ask(query, { kind });
  expect(errors).toBeUndefined();
  return data.declarables;
}

describe("declarables", () => {
  it("of the kind ALGORITHM are the update rules, with bounds and defaults", async () => {
    const algorithms = await told("ALGORITHM");
    const adam = algorithms.find(({ name }: { name: string }) => name === "adam");
    expect(adam.description).toBe("Adam (Kingma and Ba, 2015; Keras: Adam).");
    expect(adam.fields.map(({ name }: { name: string }) => name)).toEqual(["beta1", "beta2", "epsilon", "amsgrad"]);
    const unbounded = { minimum: null, maximum: null, exclusiveMinimum: null, exclusiveMaximum: null };
    expect(adam.fields[0]).toMatchObject({
      ...{ type: "NUMBER", required: false, default: 0.9, defaultDescription: "0.9" },
      ...{ ...unbounded, minimum: 0, exclusiveMaximum: 1 },
    });
    expect(adam.fields[3]).toMatchObject({ type: "FLAG", default: false, ...unbounded });
  });

  it("of the kind LOSS name the options of each loss alone", async () => {
    const losses = await told("LOSS");
    const options = Object.fromEntries(
      losses.map(({ name, fields }: { name: string; fields: { name: string }[] }) => [name, fields.map((f) => f.name)]),
    );
    expect(options).toMatchObject({ HUBER: ["delta"], HINGE: [], TVERSKY: ["alpha", "beta"] });
  });

  it("of the kind FEATURE_TYPE name the fields that a feature of each type takes, and say which it needs", async () => {
    const types = await told("FEATURE_TYPE");
    type Told = { name: string; fields: { name: string; required: boolean }[] };
    const fields = Object.fromEntries(
      types.map(({ name, fields }: Told) => [name, Object.fromEntries(fields.map((f) => [f.name, f.required]))]),
    );
    expect(fields).toEqual({
      ...{ NUMBER: {}, BINARY: {}, TEXT: {}, TIMESTAMP: {}, CATEGORY: { categories: false }, VECTOR: { shape: true } },
      LABELS: { categories: false },
      ...{ IMAGE: { shape: true, resize: false }, SEQUENCE: { categories: false, shape: false } },
    });
    const image = types.find(({ name }: Told) => name === "IMAGE");
    expect(image.fields[0]).toMatchObject({
      ...{ type: "LIST", minimumLength: 3, maximumLength: 3 },
      item: { type: "INTEGER", minimum: 1, maximum: 1_000_000 },
    });
    expect(image.fields[1].choices.map(({ name }: { name: string }) => name)).toEqual(["STRETCH", "CROP", "PAD"]);
    const meanings = createSchema().getType("FeatureType") as GraphQLEnumType;
    expect(
      Object.fromEntries(types.map(({ name, description }: Record<string, string>) => [name, description])),
    ).toEqual(Object.fromEntries(meanings.getValues().map(({ name, description }) => [name, description])));
  });

  it.each(declarableKinds.all)("of the kind %s are told in full, within the limits of an operation", async (kind) => {
    const declarables = await told(kind);
    expect(declarables.length).toBeGreaterThan(0);
    const names = declarables.map(({ name }: { name: string }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind: own, description, fields } of declarables) {
      expect(own).toBe(kind);
      expect(description).toMatch(/\.$/);
      for (const { required, defaultDescription, description } of fields) {
        expect(description).toMatch(/\.$/);
        // What may be left out says what absence means.
        expect(defaultDescription !== null).toBe(!required);
      }
    }
  });

  it.each([
    ["DATASET", "DeclareDatasetInput"],
    ["MODEL", "DeclareModelInput"],
    ["OPTIMIZER", "DeclareOptimizerInput"],
    ["TRAINING", "TrainInput"],
    ["RETRAINING", "DeclareRetrainingInput"],
  ])("of the kind %s have every field of %s but the idempotency key", async (kind, input) => {
    const [{ fields }] = await told(kind);
    const declared = Object.keys((createSchema().getType(input) as GraphQLInputObjectType).getFields());
    const names = fields.map(({ name }: { name: string }) => name);
    expect(new Set(["idempotencyKey", ...names])).toEqual(new Set(declared));
  });

  it("say of the fields of an algorithm what the schema says", async () => {
    const union = createSchema().getType("AlgorithmInput") as GraphQLInputObjectType;
    for (const { name, fields } of await told("ALGORITHM")) {
      const input = getNamedType(union.getFields()[name]?.type);
      if (!isInputObjectType(input)) throw new Error(`there is no input of ${name}`);
      const described = Object.values(input.getFields()).map(({ name, description }) => [name, description]);
      expect(fields.map((field: { name: string; description: string }) => [field.name, field.description])).toEqual(
        described,
      );
    }
  });
});
