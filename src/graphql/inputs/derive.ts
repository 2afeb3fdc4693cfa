import { Extensions, Field, Float, ID, InputType, Int } from "type-graphql";
import { enumFor } from "../../entities/enum.js";
import type { Fields, Struct, Takes, Union } from "../../language/fields/field.js";
import { told } from "../../language/fields/told.js";

export { enumFor } from "../../entities/enum.js";

/** A class that type-graphql knows as an input type. */
// biome-ignore lint/suspicious/noExplicitAny: type-graphql sets the properties; their types are the language's.
export type InputClass = new () => any;

const inputs = new Map<string, InputClass>();

/**
 * The GraphQL input type of a struct, with a field for each of its fields: their types, whether they may be left out, and
 * their descriptions with ranges and defaults. Made once for each name.
 */
export function inputOf({ name, doc, fields }: Struct): InputClass {
  return inputNamed(name, doc, (type) => addFields(type, fields));
}

/** The GraphQL input type of a union: exactly one of its fields is given. */
export function oneOfInput({ name, doc, alternatives }: Union): InputClass {
  return inputNamed(name, doc, (type) => {
    Extensions({ isOneOf: true })(type);
    for (const [key, alternative] of Object.entries(alternatives)) {
      const { field, input } = alternative;
      const typeOf = field === undefined ? inputType(input) : typeFor(field.takes);
      const description = field === undefined ? alternative.doc : told(field);
      Field(typeOf, { nullable: true, description })(type.prototype, key);
    }
  });
}

/** Adds the fields of the language to a class of inputs. */
export function addFields(type: InputClass, fields: Fields): void {
  for (const [key, field] of Object.entries(fields)) {
    const typeOf = typeFor(field.takes);
    Field(typeOf, { nullable: !field.required, description: told(field) })(type.prototype, key);
  }
}

function inputNamed(name: string, doc: string, fill: (type: InputClass) => void): InputClass {
  const known = inputs.get(name);
  if (known !== undefined) return known;
  const type: InputClass = { [name]: class {} }[name] as InputClass;
  // Before its fields: a layer may hold layers.
  inputs.set(name, type);
  InputType(name, { description: doc })(type);
  fill(type);
  return type;
}

function inputType(struct: Struct): () => InputClass {
  const input = inputOf(struct);
  return () => input;
}

// biome-ignore lint/suspicious/noExplicitAny: the type that type-graphql takes here is not exported.
function typeFor(takes: Takes): () => any {
  switch (takes.type) {
    case "NUMBER":
      return () => Float;
    case "INTEGER":
      return () => Int;
    case "FLAG":
      return () => Boolean;
    case "TEXT":
    case "NAME":
      return () => String;
    case "REFERENCE":
      return () => (takes.to === "RUN" ? ID : String);
    case "CHOICE": {
      const choices = enumFor(takes.choices);
      return () => choices;
    }
    case "LIST": {
      const of = typeFor(takes.of);
      return () => [of()];
    }
    case "OBJECT":
      return inputType(takes.struct());
    case "ONE_OF": {
      const input = oneOfInput(takes.union());
      return () => input;
    }
  }
}
