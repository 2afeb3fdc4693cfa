import {
  type GraphQLNamedType,
  type GraphQLSchema,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
} from "graphql";

/**
 * Lengths of the lists of introspection in this schema, by `Type.field` (`__Type.fields`). Each is the mean over all objects
 * that have the field, so that `__schema { types { fields { name } } }` counts as many fields as there are.
 */
export function introspectionLengths(schema: GraphQLSchema): ReadonlyMap<string, number> {
  const types = Object.values(schema.getTypeMap());
  const directives = schema.getDirectives();
  const fields = types.flatMap((type) => fieldsOf(type));
  const mean = <Item>(items: readonly Item[], lengthOf: (item: Item) => number) =>
    items.length === 0 ? 0 : items.reduce((sum, item) => sum + lengthOf(item), 0) / items.length;
  return new Map([
    ["__Schema.types", types.length],
    ["__Schema.directives", directives.length],
    ["__Directive.args", mean(directives, ({ args }) => args.length)],
    ["__Directive.locations", mean(directives, ({ locations }) => locations.length)],
    ["__Field.args", mean(fields, ({ args }) => args.length)],
    ["__Type.fields", mean(types, (type) => fieldsOf(type).length)],
    ["__Type.interfaces", mean(types, (type) => ("getInterfaces" in type ? type.getInterfaces().length : 0))],
    ["__Type.possibleTypes", mean(types, (type) => (isAbstractType(type) ? schema.getPossibleTypes(type).length : 0))],
    ["__Type.enumValues", mean(types, (type) => (isEnumType(type) ? type.getValues().length : 0))],
    ["__Type.inputFields", mean(types, (type) => (isInputObjectType(type) ? Object.keys(type.getFields()).length : 0))],
  ]);
}

function fieldsOf(type: GraphQLNamedType) {
  return isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];
}
