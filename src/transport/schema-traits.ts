import {
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isObjectType,
} from "graphql";
import { introspectionLengths } from "./introspection-lengths.js";

/** What the cost of operations depends on and is the same for every operation of a schema. */
export interface SchemaTraits {
  connections: ReadonlySet<GraphQLNamedType>;
  /** Lengths of the lists of introspection, by `Type.field`. */
  introspection: ReadonlyMap<string, number>;
  /** Whether the entries of a list are nodes. */
  isNode(parent: GraphQLNamedType, entry: GraphQLNamedType): boolean;
}

const traits = new WeakMap<GraphQLSchema, SchemaTraits>();

/** Computed once per schema. */
export function traitsOf(schema: GraphQLSchema): SchemaTraits {
  const known = traits.get(schema);
  if (known) return known;
  const objects = Object.values(schema.getTypeMap()).filter(isObjectType);
  const connections = new Set<GraphQLNamedType>(objects.filter(isConnectionType));
  const closed = closedTypes(objects);
  const found: SchemaTraits = {
    connections,
    introspection: introspectionLengths(schema),
    isNode: (parent, entry) => connections.has(parent) || (isCompositeType(entry) && !closed.has(entry)),
  };
  traits.set(schema, found);
  return found;
}

function isConnectionType(type: GraphQLObjectType): boolean {
  const { edges, pageInfo } = type.getFields();
  return edges !== undefined && pageInfo !== undefined;
}

/** Types whose fields are all leaves or closed types: no node can be reached from them. */
function closedTypes(objects: readonly GraphQLObjectType[]): ReadonlySet<GraphQLNamedType> {
  const closed = new Set<GraphQLNamedType>();
  for (let before = -1; before < closed.size; ) {
    before = closed.size;
    for (const type of objects) {
      const inner = Object.values(type.getFields()).map((field) => getNamedType(field.type));
      if (inner.every((each) => !isCompositeType(each) || closed.has(each))) closed.add(type);
    }
  }
  return closed;
}
