import {
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  getOperationAST,
  Kind,
  type SelectionNode,
  visit,
} from "graphql";
import { type Actor, writeActor } from "../entities/actor.js";
import { dropped, guarded, unawaited } from "../guarded.js";

/** What the results of an operation depend on besides the event. */
export interface SharedOperation {
  document: DocumentNode;
  operationName?: string | null;
  variableValues?: Readonly<Record<string, unknown>> | null;
  /** The actor: others may see other results. */
  actor: Actor;
}

/** Subscribers that follow an event live ask for its results within so many milliseconds. */
const sharedMs = 250;

type Results = Map<DocumentNode, Map<string, Promise<ExecutionResult>>>;
const shared = new WeakMap<object, Results>();

/**
 * Declares that an event goes to several subscribers, and that a subscription's own field makes its answer from the event
 * alone, not from its arguments. Whoever asks for the same fields of it as the same actor then gets the same result, made
 * once.
 */
export function shareable<Event extends object>(event: Event): Event {
  shared.set(event, new Map());
  return event;
}

/** The result of an operation for an event: made by `execute`, or by another subscriber's before. */
export function sharedResult(
  event: unknown,
  operation: SharedOperation,
  execute: () => Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  const results = typeof event === "object" && event !== null ? shared.get(event) : undefined;
  if (!results) return execute();
  const { document, operationName, variableValues, actor } = operation;
  const key = JSON.stringify([
    writeActor(actor),
    operationName ?? null,
    variablesOfSelection(document, operationName).map((name) =>
      variableValues && Object.hasOwn(variableValues, name) ? [variableValues[name]] : [],
    ),
  ]);
  const known = results.get(document) ?? new Map<string, Promise<ExecutionResult>>();
  results.set(document, known);
  let result = known.get(key);
  if (!result) {
    result = execute();
    known.set(key, result);
    // A failure, such as a lost connection, must not be shared with later subscribers. Nor must an old result: much later, the
    // objects that the event refers to have changed.
    const forget = guarded(() => known.delete(key), dropped);
    unawaited(
      result.then(({ errors }) => (errors ? forget() : setTimeout(forget, sharedMs).unref())),
      forget,
    );
  }
  return result;
}

const selectionVariables = new WeakMap<DocumentNode, Map<string, string[]>>();

/** The variables an operation uses anywhere but as arguments of its own fields, which were for the subscription to read. */
function variablesOfSelection(document: DocumentNode, operationName: string | null | undefined): string[] {
  const known = selectionVariables.get(document) ?? new Map<string, string[]>();
  selectionVariables.set(document, known);
  const name = operationName ?? "";
  let variables = known.get(name);
  if (!variables) {
    const operation = getOperationAST(document, operationName);
    const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
    const found = new Set<string>();
    const collect = {
      Variable(variable: { name: { value: string } }) {
        found.add(variable.name.value);
      },
    };
    for (const selection of operation?.selectionSet.selections ?? []) visit(withoutArguments(selection), collect);
    for (const fragment of fragments) visit(fragment, collect);
    variables = [...found].sort();
    known.set(name, variables);
  }
  return variables;
}

function withoutArguments(selection: SelectionNode): SelectionNode {
  return selection.kind === Kind.FIELD ? ({ ...selection, arguments: [] } satisfies FieldNode) : selection;
}
