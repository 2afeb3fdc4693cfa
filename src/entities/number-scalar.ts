import { GraphQLError, GraphQLScalarType, Kind } from "graphql";

const spelt: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

function parse(value: unknown): number {
  if (typeof value === "number") return value;
  const special = typeof value === "string" ? spelt[value] : undefined;
  if (special === undefined) throw new GraphQLError(`A Number is a number, "NaN", "Infinity" or "-Infinity"`);
  return special;
}

/** GraphQL's Float cannot carry NaN or infinities, which a diverging training produces and nobody must hide. */
export const NumberScalar = new GraphQLScalarType<number, number | string>({
  name: "Number",
  description:
    'A 64-bit floating-point number. NaN and the infinities are written as the strings "NaN", "Infinity" and "-Infinity".',
  serialize(value) {
    const number = parse(value);
    return Number.isFinite(number) ? number : String(number);
  },
  parseValue: parse,
  parseLiteral(node) {
    if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return Number(node.value);
    return parse(node.kind === Kind.STRING ? node.value : undefined);
  },
});
