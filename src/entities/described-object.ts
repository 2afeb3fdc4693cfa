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

function typeOf({ type }: Takes) {
  switch (type) {
    case "NUMBER":
      return NumberScalar;
    case "TEXT":
    case "NAME":
    case "REFERENCE":
      return String;
    default:
      throw new Error(`no output type for a field of type ${type} yet`);
  }
}
