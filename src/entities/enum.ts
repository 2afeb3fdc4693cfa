/** type-graphql takes enums as objects; the declared language keeps them as tuples. */
export function enumOf<const Values extends readonly string[]>(values: Values): { [Value in Values[number]]: Value } {
  return Object.fromEntries(values.map((value) => [value, value])) as { [Value in Values[number]]: Value };
}
