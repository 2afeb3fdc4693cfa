import type { GraphQLInputObjectType, GraphQLObjectType } from "graphql";
import { describe, expect, it } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { gate } from "../../src/language/retraining/gate.js";

const schema = createSchema();
const fieldsOf = (name: string) => {
  const type = schema.getType(name) as GraphQLObjectType | GraphQLInputObjectType;
  return Object.values(type.getFields()).map((field) => ({ ...field, type: String(field.type) }));
};

describe("a gate", () => {
  it.each(["Gate", "PromotionInput"])("has the fields of its declaration as %s, and no others", (name) => {
    expect(fieldsOf(name).map((field) => field.name)).toEqual(Object.keys(gate.fields));
  });

  it("is described by its declaration, without ranges and defaults where it is resolved", () => {
    const docs = Object.values(gate.fields).map(({ doc }) => doc);
    expect(fieldsOf("Gate").map(({ description }) => description)).toEqual(docs);
    expect(fieldsOf("Gate").map(({ type }) => type)).toEqual(["String!", "String!", "Number!"]);
    expect(fieldsOf("PromotionInput").map(({ type }) => type)).toEqual(["String!", "String!", "Float"]);
    expect(fieldsOf("PromotionInput").at(-1)?.description).toMatch(/at least 0\. Default: 0\.$/);
  });
});
