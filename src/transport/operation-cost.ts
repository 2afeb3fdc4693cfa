import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  type ValueNode,
} from "graphql";
import { type ArgumentLength, declaredCost } from "../entities/field-cost.js";
import { countRows } from "../intake/intake.js";
import { pageSizes } from "../lists/arguments.js";
import { type SchemaTraits, traitsOf } from "./schema-traits.js";

/** Upper bounds for the answer of an operation, computed from its document and variables alone. */
export interface OperationCost {
  /**
   * Entries of lists whose entries can be asked for more (pages of connections, plain lists of such objects), each page
   * as long as its arguments allow and multiplied by the pages around it; and the declared weight of fields.
   */
  nodes: number;
  /** Every field of every object, and every entry of every list. */
  values: number;
  /** Occurrences of fields that cost SQL statements of their own; these do not grow with the pages around them. */
  statements: number;
  /** The largest number of seconds that one of its fields declares; 0 if none does. */
  seconds: number;
  /** The field that adds most nodes, and the one that adds most values, such as `dataset.versions.nodes`. */
  most: { nodes: string; values: string };
}

/**
 * Nodes of introspection, which blocks all other requests while it is computed: for each value, and for each `__schema`
 * and `__type`, since the type that a `__type` asks about may be much larger than the mean.
 */
const introspectionWeights = { value: 3, root: 20_000 };
/** The length of a plain list that declares none. */
const usualListLength = 10;

const connectionPage: ArgumentLength = {
  arguments: ["last", "first"],
  otherwise: pageSizes.default,
  max: pageSizes.max,
};

/** A part of a document that is executed once: what it adds, and its two largest contributions. */
interface Part {
  nodes: number;
  values: number;
  statements: number;
  seconds: number;
  mostNodes: Contribution;
  mostValues: Contribution;
}

interface Contribution {
  amount: number;
  path: Path | undefined;
}

interface Path {
  name: string;
  next: Path | undefined;
}

type Variables = Readonly<Record<string, unknown>>;

const none: Contribution = { amount: 0, path: undefined };
const emptyPart = (): Part => ({ nodes: 0, values: 0, statements: 0, seconds: 0, mostNodes: none, mostValues: none });

/** Costs of operations whose lengths are all written in the document. */
const constant = new WeakMap<OperationDefinitionNode, OperationCost>();

/**
 * The cost of a valid operation, before anything of it is executed. Fields under @skip and @include count, and so do
 * all alternatives of an interface. Lengths that are out of range count as the maximum; the field itself refuses them
 * and names the argument.
 */
export function costOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables | null | undefined,
): OperationCost {
  const known = constant.get(operation);
  if (known) return known;
  const root = schema.getRootType(operation.operation);
  if (!root) return { nodes: 0, values: 0, statements: 0, seconds: 0, most: { nodes: "", values: "" } };
  const counter = new Counter(schema, document, operation, variables ?? {});
  const part = counter.selection(operation.selectionSet, root, 0);
  const { statements, seconds } = part;
  const most = { nodes: written(part.mostNodes.path), values: written(part.mostValues.path) };
  // Means over the schema's types are not whole numbers.
  const cost = { nodes: Math.ceil(part.nodes), values: Math.ceil(part.values), statements, seconds, most };
  if (!counter.usedVariables) constant.set(operation, cost);
  return cost;
}

class Counter {
  /** Whether any length came from a variable. */
  usedVariables = false;
  readonly #schema: GraphQLSchema;
  readonly #traits: SchemaTraits;
  readonly #fragments: Map<string, FragmentDefinitionNode>;
  /** Fragments that have been counted, by name and enclosing page. */
  readonly #counted = new Map<string, Part>();
  readonly #defaults: Map<string, ValueNode | undefined>;
  readonly #variables: Variables;

  constructor(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables) {
    this.#schema = schema;
    this.#traits = traitsOf(schema);
    this.#variables = variables;
    this.#fragments = new Map(
      document.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
      ),
    );
    this.#defaults = new Map(
      operation.variableDefinitions?.map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
    );
  }

  /** @param page how long the lists of the enclosing field's page are */
  selection(set: SelectionSetNode, parent: GraphQLNamedType, page: number): Part {
    const total = emptyPart();
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) add(total, this.#field(selection, parent, page));
      else if (selection.kind === Kind.FRAGMENT_SPREAD) add(total, this.#fragment(selection.name.value, page));
      else {
        const condition = selection.typeCondition?.name.value;
        const type = condition === undefined ? parent : this.#schema.getType(condition);
        if (type) add(total, this.selection(selection.selectionSet, type, page));
      }
    }
    return total;
  }

  #fragment(name: string, page: number): Part {
    const key = `${name} ${page}`;
    const known = this.#counted.get(key);
    if (known) return known;
    const fragment = this.#fragments.get(name);
    const type = fragment && this.#schema.getType(fragment.typeCondition.name.value);
    if (!type) return emptyPart();
    const part = this.selection(fragment.selectionSet, type, page);
    this.#counted.set(key, part);
    return part;
  }

  #field(node: FieldNode, parent: GraphQLNamedType, page: number): Part {
    const field = this.#definition(node.name.value, parent);
    // `__typename`.
    if (!field) return { ...emptyPart(), values: 1 };
    const { page: declaredPage, statement = false, weight = 0, seconds = 0 } = declaredCost(field);
    const type = getNamedType(field.type);
    const isConnection = this.#traits.connections.has(type);
    const inPage = isConnection ? connectionPage : declaredPage;
    // Objects between a page and its lists, such as edges, belong to the page.
    const inner = node.selectionSet
      ? this.selection(node.selectionSet, type, inPage ? this.#argument(node, field, inPage) : page)
      : emptyPart();

    const isList = isListType(getNullableType(field.type));
    const length = this.#length(node, field, parent, page) ?? 1;
    const own = { nodes: weight, values: isList ? 1 + length : 1 };
    if (field === SchemaMetaFieldDef || field === TypeMetaFieldDef) own.nodes += introspectionWeights.root;
    else if (isIntrospectionType(type) || isIntrospectionType(parent))
      own.nodes += introspectionWeights.value * own.values;
    else if (isList && this.#traits.isNode(parent, type)) own.nodes += length;

    const here = { name: nameOf(node), next: undefined };
    return {
      nodes: own.nodes + length * inner.nodes,
      values: own.values + length * inner.values,
      statements: inner.statements + (isConnection || statement ? 1 : 0),
      seconds: Math.max(seconds, inner.seconds),
      mostNodes: larger({ amount: own.nodes, path: here }, scaled(inner.mostNodes, length, node)),
      mostValues: larger({ amount: own.values, path: here }, scaled(inner.mostValues, length, node)),
    };
  }

  #definition(name: string, parent: GraphQLNamedType): GraphQLField<unknown, unknown> | undefined {
    if (parent === this.#schema.getQueryType()) {
      if (name === "__schema") return SchemaMetaFieldDef;
      if (name === "__type") return TypeMetaFieldDef;
    }
    return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  }

  /** How many entries the field's list has; undefined for a field that is no list. */
  #length(
    node: FieldNode,
    field: GraphQLField<unknown, unknown>,
    parent: GraphQLNamedType,
    page: number,
  ): number | undefined {
    const introspected = this.#traits.introspection.get(`${parent.name}.${field.name}`);
    if (introspected !== undefined) return introspected;
    if (!isListType(getNullableType(field.type))) return undefined;
    if (this.#traits.connections.has(parent)) return page;
    const { length = usualListLength } = declaredCost(field);
    if (typeof length === "number") return length;
    return length === "PAGE" ? page : this.#argument(node, field, length);
  }

  #argument(node: FieldNode, field: GraphQLField<unknown, unknown>, length: ArgumentLength): number {
    for (const name of length.arguments) {
      const given = this.#given(node.arguments?.find((argument) => argument.name.value === name));
      if (given !== undefined) return Math.min(Math.max(given, 0), length.max);
    }
    const preset = field.args.find(({ name }) => length.arguments.includes(name))?.defaultValue;
    return typeof preset === "number" ? preset : length.otherwise;
  }

  /** The number, or the length of the list, that the caller gives for an argument; undefined for none. */
  #given(argument: ArgumentNode | undefined): number | undefined {
    if (!argument) return undefined;
    const { value } = argument;
    if (value.kind !== Kind.VARIABLE) return lengthOfLiteral(value);
    this.usedVariables = true;
    const name = value.name.value;
    const given = this.#variables[name];
    if (given === undefined) return lengthOfLiteral(this.#defaults.get(name));
    return given === null ? undefined : lengthOfJson(given);
  }
}

function add(total: Part, part: Part): void {
  total.nodes += part.nodes;
  total.values += part.values;
  total.statements += part.statements;
  total.seconds = Math.max(total.seconds, part.seconds);
  total.mostNodes = larger(total.mostNodes, part.mostNodes);
  total.mostValues = larger(total.mostValues, part.mostValues);
}

const larger = (one: Contribution, other: Contribution) => (other.amount > one.amount ? other : one);

function scaled({ amount, path }: Contribution, times: number, node: FieldNode): Contribution {
  return amount === 0 ? none : { amount: amount * times, path: { name: nameOf(node), next: path } };
}

/** Truncated, because clients choose aliases. */
const nameOf = (node: FieldNode) => (node.alias ?? node.name).value.slice(0, 60);

function written(path: Path | undefined): string {
  const names: string[] = [];
  for (let at = path; at; at = at.next) names.push(at.name);
  return names.join(".");
}

// A single value in place of a list is a list of one.
const lengthOfJson = (given: unknown) =>
  typeof given === "number" ? given : Array.isArray(given) ? countRows(given) : 1;

function lengthOfLiteral(value: ValueNode | undefined): number | undefined {
  if (value === undefined || value.kind === Kind.NULL) return undefined;
  if (value.kind === Kind.INT) return Number(value.value);
  return value.kind === Kind.LIST ? value.values.length : 1;
}
