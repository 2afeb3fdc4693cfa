import {
  type ASTVisitor,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
} from "graphql";

/** What one document may ask for. Generous: they stop accidents and abuse, and no honest query comes near them. */
export const operationLimits = {
  /** Tokens of a document; data belongs into variables. */
  maxTokens: 10_000,
  /** Fields within fields, fragments included. Introspection has a rule of its own in GraphQL. */
  maxDepth: 15,
  /** Fields after every fragment is written out, so that fragments of fragments cannot multiply. */
  maxFields: 10_000,
} as const;

interface Size {
  depth: number;
  fields: number;
}

/** Validation rule: refuses operations deeper or larger than `operationLimits` with code `LIMIT_EXCEEDED`. */
export function operationLimitsRule(context: ValidationContext): ASTVisitor {
  const sizes = new Map<string, Size>();
  return {
    OperationDefinition(operation) {
      const { depth, fields } = measure(operation.selectionSet, context, sizes);
      const name = operation.name === undefined ? "The operation" : `Operation "${operation.name.value}"`;
      const refuse = (fault: string) =>
        context.reportError(
          new GraphQLError(`${name} ${fault}.`, { nodes: operation, extensions: { code: "LIMIT_EXCEEDED" } }),
        );
      if (depth > operationLimits.maxDepth) refuse(`is ${depth} fields deep; the limit is ${operationLimits.maxDepth}`);
      if (fields > operationLimits.maxFields) {
        refuse(`selects ${fields} fields, fragments included; the limit is ${operationLimits.maxFields}`);
      }
      return false;
    },
  };
}

function measure(set: SelectionSetNode, context: ValidationContext, sizes: Map<string, Size>): Size {
  const total: Size = { depth: 0, fields: 0 };
  for (const selection of set.selections) {
    let size: Size;
    if (selection.kind === Kind.FIELD) {
      const isIntrospection = selection.name.value === "__schema" || selection.name.value === "__type";
      const inner =
        selection.selectionSet === undefined || isIntrospection
          ? { depth: 0, fields: 0 }
          : measure(selection.selectionSet, context, sizes);
      size = { depth: inner.depth + 1, fields: inner.fields + 1 };
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      size = measure(selection.selectionSet, context, sizes);
    } else {
      size = measureFragment(context.getFragment(selection.name.value), context, sizes);
    }
    total.depth = Math.max(total.depth, size.depth);
    total.fields += size.fields;
  }
  return total;
}

/** Each fragment is measured once. One that contains itself counts as empty: GraphQL's own rule reports it. */
function measureFragment(
  fragment: FragmentDefinitionNode | null | undefined,
  context: ValidationContext,
  sizes: Map<string, Size>,
): Size {
  if (!fragment) return { depth: 0, fields: 0 };
  const name = fragment.name.value;
  const known = sizes.get(name);
  if (known !== undefined) return known;
  sizes.set(name, { depth: 0, fields: 0 });
  const size = measure(fragment.selectionSet, context, sizes);
  sizes.set(name, size);
  return size;
}
