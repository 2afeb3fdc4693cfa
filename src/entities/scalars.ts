import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from "graphql";
import { GraphQLDateTime, GraphQLJSON, GraphQLJSONObject } from "graphql-scalars";
import { ParkedRows } from "../features/parked-rows.js";
import { inexactDigits, inexactInteger, isInexact } from "../language/fields/exact-integers.js";
import { jsonFault, rowFault } from "../language/fields/json-values.js";
import { shown } from "../language/fields/wording.js";

const nonFinite: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
]);

function refuse(scalar: string, expected: string, value: unknown, node?: ValueNode): never {
  throw new GraphQLError(`${scalar} must be ${expected}, not ${shown(value)}.`, { nodes: node });
}

/** What an integer that 64-bit floats do not hold would have to be. */
const anExactInteger = "a number that 64-bit floats hold exactly";

const aNumber = 'a number, or one of the strings "NaN", "Infinity" and "-Infinity"';

function readNumber(value: unknown, node?: ValueNode): number {
  // JSON.parse reads 1e999 as infinity: a number too large for a double is a mistake, not an infinity.
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (inexactDigits(value) !== undefined) refuse("Number", anExactInteger, value, node);
  const special = typeof value === "string" ? nonFinite.get(value) : undefined;
  return special ?? refuse("Number", aNumber, value, node);
}

/** A 64-bit float of which none is lost: GraphQL's `Float` cannot carry NaN and the infinities, which metrics need. */
export const NumberScalar = new GraphQLScalarType<number, number | string>({
  name: "Number",
  description:
    'A 64-bit floating-point number. JSON has no NaN and no infinities: they are written as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.',
  serialize: (value) => {
    if (typeof value !== "number") return readNumber(value);
    return Number.isFinite(value) ? value : String(value);
  },
  parseValue: (value) => readNumber(value),
  parseLiteral: (node) => {
    if (node.kind === Kind.INT) return readNumber(integerOf(node.value), node);
    if (node.kind === Kind.FLOAT) return readNumber(Number(node.value), node);
    return readNumber(node.kind === Kind.STRING ? node.value : node.kind, node);
  },
});

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const anInt64 = "a whole number from -2^63 to 2^63-1, as a number or as a string of digits";

function readInt64(value: unknown, node?: ValueNode): number | bigint {
  const isWhole =
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isSafeInteger(value)) ||
    (typeof value === "string" && /^-?\d{1,19}$/.test(value));
  if (!isWhole) refuse("Int64", anInt64, value, node);
  const exact = BigInt(value as bigint | number | string);
  if (exact < int64.min || exact > int64.max) refuse("Int64", anInt64, value, node);
  return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
}

/**
 * Byte counts and other whole numbers beyond 32 bits. Resolvers get and give numbers up to 2^53-1 and bigints beyond;
 * they may also give a string of digits, which is how `pg` reads a `bigint` column.
 */
export const Int64Scalar = new GraphQLScalarType<number | bigint, number | string>({
  name: "Int64",
  description:
    "A 64-bit integer, such as a number of bytes. Written as a JSON number up to ±(2^53-1) and as a string of digits beyond.",
  serialize: (value) => {
    const exact = readInt64(value);
    return typeof exact === "bigint" ? exact.toString() : exact;
  },
  parseValue: (value) => readInt64(value),
  parseLiteral: (node) => readInt64(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : node.kind, node),
});

/** An integer written in a document: a number, or the marker of one that 64-bit floats do not hold. */
function integerOf(digits: string): unknown {
  return isInexact(digits) ? inexactInteger(digits) : Number(digits);
}

/** A JSON value written in a document. */
function jsonOf(node: ValueNode, variables?: Record<string, unknown> | null): unknown {
  if (node.kind === Kind.INT) return integerOf(node.value);
  if (node.kind === Kind.LIST) return node.values.map((each) => jsonOf(each, variables));
  if (node.kind !== Kind.OBJECT) return valueFromASTUntyped(node, variables);
  const object: Record<string, unknown> = Object.create(null);
  for (const { name, value } of node.fields) object[name.value] = jsonOf(value, variables);
  return object;
}

/** @param readParked only for the scalar of rows. */
function guarded(base: GraphQLScalarType, description: string, readParked?: (rows: ParkedRows) => void) {
  const { name, serialize, parseValue } = base;
  const read = (value: unknown, node?: ValueNode) => {
    const isRow = readParked !== undefined && typeof value === "object" && value !== null && !Array.isArray(value);
    const fault = isRow ? rowFault(value) : jsonFault(value, readParked === undefined);
    if (fault !== undefined) throw new GraphQLError(`${name} must be ${fault}.`, { nodes: node });
    return parseValue(value);
  };
  return new GraphQLScalarType({
    name,
    description,
    serialize,
    parseValue(value) {
      if (!readParked || !(value instanceof ParkedRows)) return read(value);
      readParked(value);
      return value;
    },
    parseLiteral: (node, variables) => read(jsonOf(node, variables), node),
  });
}

/** Any JSON value, as a variable or written in the document. */
export const JSONScalar = guarded(GraphQLJSON, "Any JSON value.");

/** A JSON object, such as one row of a dataset by feature name; rows of a large request pass as `ParkedRows`. */
export const JSONObjectScalar = guarded(GraphQLJSONObject, "A JSON object.", ({ fault }) => {
  if (fault !== undefined) throw new GraphQLError(fault);
});

/** An instant: a JavaScript `Date` inside, RFC 3339 in UTC outside. */
export const DateTimeScalar = new GraphQLScalarType({
  ...GraphQLDateTime.toConfig(),
  description: "An instant in RFC 3339 format, in UTC: `2026-01-31T12:00:00.000Z`.",
});
