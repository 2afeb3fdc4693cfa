import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type FormattedExecutionResult,
  GraphQLError,
  GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  GraphQLSchema,
  Kind,
  OperationTypeNode,
  responsePathAsArray,
  visit,
} from "graphql";
import { createTurns, listPart, longList } from "./turns.js";

/**
 * graphql-js completes a list without a pause: a hundred thousand items keep the server's loop for seconds. So a resolver
 * may put a long list off; it is completed part by part once everything else is, and others get turns in between.
 */
interface LongList {
  info: GraphQLResolveInfo;
  items: readonly unknown[];
}

/** By the context of the operation: the lists that are put off. */
const expected = new WeakMap<object, LongList[]>();

/** Lets resolvers of the operation with this context put lists off; `completeLongLists` has to follow. */
export function expectLongLists(context: object): void {
  expected.set(context, []);
}

/** For a resolver of a list: the list itself, or an empty one in its place until `completeLongLists`. */
export function completedLater<Item>(
  context: object,
  info: GraphQLResolveInfo,
  items: readonly Item[],
): readonly Item[] {
  const lists = expected.get(context);
  if (!lists || items.length < longList) return items;
  lists.push({ info, items });
  return [];
}

/** The result with every list that was put off. */
export async function completeLongLists<Result extends ExecutionResult | FormattedExecutionResult>(
  context: object,
  result: Result,
): Promise<Result> {
  const lists = expected.get(context) ?? [];
  expected.delete(context);
  for (const list of lists) {
    const path = responsePathAsArray(list.info.path);
    // Null where what is around the list has failed.
    let around: unknown = result.data;
    for (const key of path.slice(0, -1)) around = (around as Record<string, unknown> | null)?.[key];
    if (around) (around as Record<string, unknown>)[String(path.at(-1))] = await complete(context, list);
  }
  return result;
}

async function complete(contextValue: object, { info, items }: LongList): Promise<unknown[]> {
  const schema = schemaOf(info.returnType);
  const document = documentOf(info);
  const variableValues = Object.fromEntries(
    [...usedVariables(document)].map((name) => [name, info.variableValues[name]]),
  );
  const turn = createTurns();
  const completed: unknown[] = [];
  for (let start = 0; start < items.length; start += listPart) {
    const rootValue = { list: items.slice(start, start + listPart) };
    const { data, errors } = await execute({ schema, document, rootValue, contextValue, variableValues });
    if (errors?.[0])
      throw new GraphQLError(errors[0].message, { originalError: errors[0], path: responsePathAsArray(info.path) });
    for (const item of (data?.list ?? []) as unknown[]) completed.push(item);
    await turn();
  }
  return completed;
}

const schemas = new WeakMap<GraphQLOutputType & object, GraphQLSchema>();

/** A schema of nothing but a list of that type. */
function schemaOf(type: GraphQLOutputType): GraphQLSchema {
  const known = schemas.get(type);
  if (known) return known;
  const query = new GraphQLObjectType({ name: "LongList", fields: { list: { type } } });
  const schema = new GraphQLSchema({ query, assumeValid: true });
  schemas.set(type, schema);
  return schema;
}

/** The operation cut down to what it selects of the list. */
function documentOf({ fieldNodes, fragments, operation }: GraphQLResolveInfo): DocumentNode {
  const name = { kind: Kind.NAME, value: "list" } as const;
  const selections = fieldNodes.map((node) => ({ ...node, name, alias: undefined, arguments: [], directives: [] }));
  const document = (variableDefinitions: typeof operation.variableDefinitions): DocumentNode => ({
    kind: Kind.DOCUMENT,
    definitions: [
      {
        kind: Kind.OPERATION_DEFINITION,
        operation: OperationTypeNode.QUERY,
        selectionSet: { kind: Kind.SELECTION_SET, selections },
        variableDefinitions,
      },
      ...Object.values(fragments),
    ],
  });
  const used = usedVariables(document([]));
  return document(operation.variableDefinitions?.filter(({ variable }) => used.has(variable.name.value)));
}

function usedVariables(document: DocumentNode): Set<string> {
  const used = new Set<string>();
  visit(document, {
    Variable({ name }) {
      used.add(name.value);
    },
  });
  return used;
}
