import { type GraphQLSchema, lexicographicSortSchema, printSchema } from "graphql";

/** A schema as it is committed: sorted, so that a change shows as nothing but that change. */
export function printSdl(schema: GraphQLSchema): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
