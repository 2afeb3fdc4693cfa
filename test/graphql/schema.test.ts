import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  coerceInputValue,
  type GraphQLArgument,
  GraphQLEnumType,
  GraphQLInputObjectType,
  GraphQLInterfaceType,
  GraphQLObjectType,
  isInputType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  Kind,
  parse,
  typeFromAST,
  validate,
  validateSchema,
} from "graphql";
import { describe, expect, test } from "vitest";
import { createSchema } from "../../src/graphql/schema.js";
import { printSdl } from "../../src/graphql/sdl.js";
import { documentFaults } from "../../src/transport/document-limits.js";
import { checkCost } from "../../src/transport/operation-limits.js";

const schema = createSchema();

/** Characters of two lines. */
const twoLines = 240;

const contract = fileURLToPath(new URL("../contract/", import.meta.url));
const operations = (await readdir(contract)).filter((file) => file.endsWith(".graphql")).sort();

/** Every place of the schema that a user reads about, with its description. */
function describedPlaces(): [string, string | null | undefined][] {
  const places: [string, string | null | undefined][] = [];
  const add = (place: string, described: { description?: string | null }) =>
    places.push([place, described.description]);
  const addArguments = (place: string, args: readonly GraphQLArgument[]) => {
    for (const argument of args) add(`${place}(${argument.name})`, argument);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith("__") || isSpecifiedScalarType(type)) continue;
    add(type.name, type);
    if (type instanceof GraphQLEnumType) for (const value of type.getValues()) add(`${type.name}.${value.name}`, value);
    if (type instanceof GraphQLInputObjectType)
      for (const field of Object.values(type.getFields())) add(`${type.name}.${field.name}`, field);
    if (type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType)
      for (const field of Object.values(type.getFields())) {
        add(`${type.name}.${field.name}`, field);
        addArguments(`${type.name}.${field.name}`, field.args);
      }
  }
  for (const directive of schema.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue;
    add(`@${directive.name}`, directive);
    addArguments(`@${directive.name}`, directive.args);
  }
  return places;
}

describe("the schema", () => {
  test("is what schema/schema.graphql says; `npm run schema` writes it anew", async () => {
    const committed = await readFile(new URL("../../schema/schema.graphql", import.meta.url), "utf8");
    expect(printSdl(schema)).toBe(committed);
  });

  test("keeps every rule of GraphQL", () => {
    // A new schema object, since graphql-js remembers its verdict from before the @oneOf marks.
    expect(validateSchema(createSchema())).toEqual([]);
    for (const type of Object.values(schema.getTypeMap()))
      if (type instanceof GraphQLInputObjectType && type.isOneOf)
        for (const field of Object.values(type.getFields())) {
          expect(field.defaultValue).toBeUndefined();
          expect(String(field.type)).not.toMatch(/!$/);
        }
  });

  test("describes every type, field, argument and enum value", () => {
    const undescribed = describedPlaces().filter(([, description]) => !description?.trim());
    expect(undescribed.map(([place]) => place)).toEqual([]);
  });

  test("describes each in two lines at most; longer matter belongs into docs/", () => {
    const long = describedPlaces().filter(([, description]) => (description ?? "").length > twoLines);
    expect(long.map(([place, description]) => `${place}: ${description?.length} characters`)).toEqual([]);
  });

  test("marks the inputs of which exactly one key is given", () => {
    const marked = Object.values(schema.getTypeMap()).filter(
      (type) => type instanceof GraphQLInputObjectType && type.isOneOf,
    );
    expect(marked.map((type) => type.name).sort()).toEqual([
      "AlgorithmInput",
      "ClassWeightsInput",
      "LayerInput",
      "LearningRateInput",
      "RecurrentLayerInput",
      "RetrainingMethodInput",
      "RetrainingTriggerInput",
      "ThresholdInput",
    ]);
    for (const { name } of marked) expect(printSdl(schema)).toContain(`input ${name} @oneOf {`);
  });
});

describe("the contract", () => {
  test.each(operations)("%s is valid, and so are its variables", async (file) => {
    const document = parse(await readFile(contract + file, "utf8"));
    expect([...documentFaults(document), ...validate(schema, document)]).toEqual([]);

    const variables = JSON.parse(await readFile(contract + file.replace(".graphql", ".json"), "utf8"));
    const [operation] = document.definitions;
    if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error("not an operation");
    expect(checkCost(schema, document, operation, variables)).not.toBeInstanceOf(Error);
    for (const { variable, type } of operation.variableDefinitions ?? []) {
      const inputType = typeFromAST(schema, type as never);
      if (!isInputType(inputType)) throw new Error(`unknown type of $${variable.name.value}`);
      if (variables[variable.name.value] === undefined) continue;
      const faults: string[] = [];
      coerceInputValue(variables[variable.name.value], inputType, (path, _value, error) =>
        faults.push(`${path.join(".")}: ${error.message}`),
      );
      expect(faults).toEqual([]);
    }
  });

  test("has eighteen operations", () => {
    expect(operations).toHaveLength(18);
  });
});
