import { registerEnumType } from "type-graphql";
import type { Choices } from "../language/fields/choices.js";

/** type-graphql takes enums as objects; the declared language keeps them as tuples. */
export function enumOf<const Values extends readonly string[]>(values: Values): { [Value in Values[number]]: Value } {
  return Object.fromEntries(values.map((value) => [value, value])) as { [Value in Values[number]]: Value };
}

const enums = new Map<string, object>();

/** The GraphQL enumeration of a set of choices, as type-graphql takes it. Made once for each name. */
export function enumFor({ name, doc, meanings, all }: Choices): object {
  const known = enums.get(name);
  if (known !== undefined) return known;
  const made = enumOf(all);
  const valuesConfig = Object.fromEntries(all.map((choice) => [choice, { description: meanings[choice] }]));
  registerEnumType(made, { name, description: doc, valuesConfig });
  enums.set(name, made);
  return made;
}
