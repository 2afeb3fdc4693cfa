import { type DocumentNode, Kind, parse, type TypeNode, type VariableDefinitionNode } from "graphql";

/** The variables of a request, and where its document defines them. */
export interface Variables {
  variables: Record<string, unknown>;
  definitions: readonly VariableDefinitionNode[];
  document: DocumentNode | undefined;
}

/** A document with more tokens is not searched; the limits on operations refuse it later. */
const maximumTokens = 10_000;

const none: Variables = { variables: {}, definitions: [], document: undefined };

/** The variables of a body, with the definitions of all its operations. Nothing if the body is not a GraphQL request. */
export function variablesOf(body: unknown): Variables {
  const { query, variables } = isRecord(body) ? body : {};
  if (typeof query !== "string" || !isRecord(variables)) return none;
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: maximumTokens, noLocation: true });
  } catch {
    // The syntax error is reported when the document is executed.
    return { ...none, variables };
  }
  const definitions = document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
  return { variables, definitions, document };
}

/** The name of a type without its lists and exclamation marks. */
export function typeNameOf(type: TypeNode): { named: string; isList: boolean } {
  if (type.kind === Kind.NAMED_TYPE) return { named: type.name.value, isList: false };
  const { named, isList } = typeNameOf(type.type);
  return { named, isList: isList || type.kind === Kind.LIST_TYPE };
}

/** GraphQL takes a single value for a list of one. */
export const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
