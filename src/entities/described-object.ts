import { Field, ObjectType } from "type-graphql";
import type { Struct, Takes } from "../language/fields/field.js";
import { NumberScalar } from "./scalars.js";

/**
 * The GraphQL object type of a struct of the language, with the fields and descriptions of its declaration. In what is
 * resolved no field is absent.
 */
export function describedObject(name: string, { doc, fields }: Struct): new () => object {
  const type = { [name]: class {} }[name] as new () => object;
  ObjectType(name, { description: doc })(type);
  for (const [key, { doc, takes }] of Object.entries(fields))
    Field(() => typeOf(takes), { description: doc })(type.prototype, key);
  return type;
}

/** Of numbers and texts; what else fields take has no output type yet. */
const outputTypes: Partial<Record<Takes["type"], typeof NumberScalar | typeof String>> = {
  NUMBER: NumberScalar,
  TEXT: String,
  NAME: String,
  REFERENCE: String,
};

function typeOf({ type }: Takes) {
  const known = outputTypes[type];
  if (known === undefined) throw new Error(`there is no output type for a field of type ${type}`);
  return known;
}
