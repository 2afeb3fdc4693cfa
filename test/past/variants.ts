import {
  GraphQLEnumType,
  type GraphQLInputField,
  GraphQLInputObjectType,
  type GraphQLInputType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLSchema,
} from "graphql";

type Json = unknown;
type Body = Record<string, Json>;

/** Values tried for a field of a scalar type, in this order. */
const scalars: Record<string, readonly Json[]> = {
  Int: [2, 1, 3, 4],
  Float: [0.25, 0.5, 1, 0.001, 2],
  Boolean: [true, false],
  String: ["given"],
};

/** Lists tried for a field: windows and shapes have one or two entries, schedules several. */
const lists = (items: readonly Json[]): Json[] => [
  items.slice(0, 1),
  items.slice(0, 2),
  [...items].sort((a, b) => Number(a) - Number(b)).slice(0, 3),
];

function isOneOf(type: GraphQLInputObjectType): boolean {
  return type.isOneOf || type.description?.includes("Exactly one") === true;
}

/**
 * Values of an input type: for an object, a body of its required fields, then that body with each optional field set to
 * each of its values in turn. `depth` bounds layers within layers.
 */
export function valuesOf(schema: GraphQLSchema, type: GraphQLInputType, depth = 3): Json[] {
  if (type instanceof GraphQLNonNull) return valuesOf(schema, type.ofType as GraphQLInputType, depth);
  if (type instanceof GraphQLList) {
    const items = valuesOf(schema, type.ofType as GraphQLInputType, depth);
    return type.ofType instanceof GraphQLNonNull && type.ofType.ofType instanceof GraphQLInputObjectType
      ? items.map((item) => [item])
      : lists(items);
  }
  if (type instanceof GraphQLEnumType) return type.getValues().map(({ name }) => name);
  if (type instanceof GraphQLInputObjectType) return depth === 0 ? [] : bodiesOf(schema, type, depth - 1);
  return [...(scalars[type.name] ?? [])];
}

function bodiesOf(schema: GraphQLSchema, type: GraphQLInputObjectType, depth: number): Body[] {
  const fields = Object.values(type.getFields());
  if (isOneOf(type))
    return fields.flatMap((field) => valuesOf(schema, field.type, depth).map((value) => ({ [field.name]: value })));
  const bases = requiredBodies(schema, fields.filter(isRequired), depth);
  const [base = {}] = bases;
  const optional = fields.filter((field) => !isRequired(field));
  return [
    ...bases,
    ...optional.flatMap((field) =>
      valuesOf(schema, field.type, depth).map((value) => ({ ...base, [field.name]: value })),
    ),
  ];
}

const isRequired = ({ type }: GraphQLInputField) => type instanceof GraphQLNonNull;

/** Each required field takes each of its values, beside the first values of the others. */
function requiredBodies(schema: GraphQLSchema, fields: GraphQLInputField[], depth: number): Body[] {
  const values = fields.map((field) => ({ name: field.name, values: valuesOf(schema, field.type, depth) }));
  const first: Body = Object.fromEntries(values.map(({ name, values: [value] }) => [name, value]));
  const others = values.flatMap(({ name, values: [, ...rest] }) => rest.map((value) => ({ ...first, [name]: value })));
  return [first, ...others];
}
