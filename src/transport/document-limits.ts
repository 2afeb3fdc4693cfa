import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLError,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from "graphql";
import { operationLimits, refused } from "./operation-limits.js";

/**
 * What is too deep or too large in a document; empty if nothing is. Call it before the document is validated, because some of
 * GraphQL's rules compare every field with every other of its name.
 */
export function documentFaults(document: DocumentNode): GraphQLError[] {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
  }
  const { maxDepth, maxFields, maxAliasLength, maxRepeats } = operationLimits;
  const measure = createMeasure(fragments);
  const faults: GraphQLError[] = [];
  try {
    for (const operation of operations) {
      const { depth, fields, longestAlias } = measure(operation.selectionSet);
      const name = operation.name === undefined ? "The operation" : `Operation "${operation.name.value.slice(0, 60)}"`;
      const refuse = (fault: string, limit: number) =>
        faults.push(refused(`${name} ${fault}; the limit is ${limit}.`, { limit }, operation));
      if (depth > maxDepth) refuse(`is ${depth} fields deep`, maxDepth);
      if (longestAlias > maxAliasLength) refuse(`has an alias of ${longestAlias} characters`, maxAliasLength);
      if (fields > maxFields) refuse(`selects ${fields} fields, fragments included`, maxFields);
      else {
        const repeats = mostRepeats(operation.selectionSet, fragments);
        if (repeats > maxRepeats) refuse(`selects one field ${repeats} times at the same place`, maxRepeats);
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    faults.push(refused("The document is nested too deeply.", {}));
  }
  return faults;
}

interface Size {
  depth: number;
  fields: number;
  longestAlias: number;
}

const nothing: Size = { depth: 0, fields: 0, longestAlias: 0 };

/**
 * Measures selections with their fragments written out, each fragment once. A fragment inside itself counts as
 * empty: GraphQL's own rule reports it.
 */
function createMeasure(fragments: ReadonlyMap<string, FragmentDefinitionNode>): (set: SelectionSetNode) => Size {
  const sizes = new Map<string, Size>();
  function measure(set: SelectionSetNode): Size {
    const total = { ...nothing };
    for (const selection of set.selections) {
      const size =
        selection.kind === Kind.FIELD
          ? ofField(selection)
          : selection.kind === Kind.INLINE_FRAGMENT
            ? measure(selection.selectionSet)
            : ofFragment(selection.name.value);
      total.depth = Math.max(total.depth, size.depth);
      total.fields += size.fields;
      total.longestAlias = Math.max(total.longestAlias, size.longestAlias);
    }
    return total;
  }
  function ofField({ name, alias, selectionSet }: FieldNode): Size {
    const inner = selectionSet === undefined ? nothing : measure(selectionSet);
    const isIntrospection = name.value === "__schema" || name.value === "__type";
    return {
      // Introspection nests types within types; a rule of GraphQL itself limits its depth.
      depth: isIntrospection ? 1 : inner.depth + 1,
      fields: inner.fields + 1,
      longestAlias: Math.max(inner.longestAlias, alias?.value.length ?? 0),
    };
  }
  function ofFragment(name: string): Size {
    const known = sizes.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    sizes.set(name, nothing);
    const size = measure(fragment.selectionSet);
    sizes.set(name, size);
    return size;
  }
  return measure;
}

/** How often the response name that is repeated most occurs in one selection set, fragments written out. */
function mostRepeats(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): number {
  let most = 0;
  // A fragment that contains itself goes on for ever; GraphQL's own rule reports it later.
  let left: number = operationLimits.maxFields;
  const pending: SelectionSetNode[] = [set];
  for (let next = pending.pop(); next && left > 0; next = pending.pop()) {
    const counts = new Map<string, number>();
    const spread = new Set<string>();
    const inside: SelectionSetNode[] = [next];
    for (let each = inside.pop(); each; each = inside.pop()) {
      for (const selection of each.selections) {
        if (selection.kind === Kind.INLINE_FRAGMENT) inside.push(selection.selectionSet);
        else if (selection.kind === Kind.FIELD) {
          const name = (selection.alias ?? selection.name).value;
          const count = (counts.get(name) ?? 0) + 1;
          counts.set(name, count);
          left -= 1;
          most = Math.max(most, count);
          if (selection.selectionSet) pending.push(selection.selectionSet);
        } else if (!spread.has(selection.name.value)) {
          // GraphQL looks at a fragment once, however often it is spread here.
          spread.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (fragment) inside.push(fragment.selectionSet);
        }
      }
    }
  }
  return most;
}
