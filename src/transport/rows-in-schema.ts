import { type GraphQLSchema, getNamedType, getNullableType, isInputObjectType, isListType } from "graphql";
import { JSONObjectScalar } from "../entities/scalars.js";
import type { RowsAt } from "../intake/protocol.js";

const found = new WeakMap<GraphQLSchema, RowsAt>();

/** Where the schema's inputs hold rows. */
export function rowsIn(schema: GraphQLSchema): RowsAt {
  const known = found.get(schema);
  if (known) return known;
  const inputs: Record<string, string[]> = {};
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isInputObjectType(type)) continue;
    const fields = Object.values(type.getFields()).filter(
      (field) => isListType(getNullableType(field.type)) && getNamedType(field.type).name === JSONObjectScalar.name,
    );
    if (fields.length > 0) inputs[type.name] = fields.map(({ name }) => name);
  }
  const rowsAt = { scalars: [JSONObjectScalar.name], inputs };
  found.set(schema, rowsAt);
  return rowsAt;
}
