import { type DocumentNode, Kind, parse, type TypeNode, type VariableDefinitionNode } from "graphql";
import type { DatasetDeclaration, FeatureDeclaration } from "../spec/dataset.js";
import { jsonFault } from "../spec/json-values.js";
import { shown } from "../spec/wording.js";
import type { RowsAt } from "./protocol.js";

/** A list of rows in a body. */
export interface FoundRows {
  /** From the body to the list. */
  path: string[];
  rows: unknown[];
}

/** A document of more tokens than this is refused later; it is not looked into. */
const maximumTokens = 10_000;

/** Where the variables of a body's operations hold rows, by their declared types. Nothing for what is no such body. */
export function findRows(body: unknown, { scalars, inputs }: RowsAt): FoundRows[] {
  const { query, variables } = isRecord(body) ? body : {};
  if (typeof query !== "string" || !isRecord(variables)) return [];
  const found = new Map<string, FoundRows>();
  const take = (holder: unknown, path: string[]) => {
    const [field = ""] = path.slice(-1);
    const rows = isRecord(holder) && Object.hasOwn(holder, field) ? holder[field] : undefined;
    if (Array.isArray(rows) && rows.length > 0) found.set(path.join("\n"), { path, rows });
  };
  for (const { name, type } of variablesOf(query)) {
    const { named, isList } = nameOf(type);
    if (isList && scalars.includes(named)) take(variables, ["variables", name]);
    else if (!isList && Object.hasOwn(inputs, named) && Object.hasOwn(variables, name))
      for (const field of inputs[named] ?? []) take(variables[name], ["variables", name, field]);
  }
  return [...found.values()];
}

/** What is wrong with rows as JSON objects; what their dataset would refuse is found later. */
export function faultOfRows(rows: readonly unknown[]): string | undefined {
  for (const [index, row] of rows.entries()) {
    if (!isRecord(row)) return `rows[${index}] must be an object, not ${shown(row)}.`;
    const fault = jsonFault(row);
    if (fault !== undefined) return `rows[${index}] must be ${fault}.`;
  }
  return undefined;
}

/** Lists of this many categories stay in the thread, if all of them are texts. */
const longList = 100;
const placeholder = /^perennial:parked:(\d+):(\d+)$/;

/**
 * Takes long lists of categories out of the features in a body's variables, and puts a list of one placeholder in the place of
 * each: GraphQL and its classes take it for a category, and `givenCategories` puts the lists back.
 *
 * @returns the lists, by the number in their placeholders.
 */
export function parkCategories(body: unknown, handle: number): string[][] {
  const { query, variables } = isRecord(body) ? body : {};
  if (typeof query !== "string" || !isRecord(variables)) return [];
  const lists: string[][] = [];
  for (const { name, type } of variablesOf(query)) {
    const { named } = nameOf(type);
    const declared = asList(variables[name]);
    const features =
      named === "DeclareDatasetInput"
        ? declared.flatMap((input) => (isRecord(input) ? asList(input.features) : []))
        : named === "FeatureInput"
          ? declared
          : [];
    for (const feature of features) {
      if (!isRecord(feature) || !isLongTextList(feature.categories)) continue;
      const number = lists.push(feature.categories) - 1;
      feature.categories = [`perennial:parked:${handle}:${number}`];
    }
  }
  return lists;
}

/** A declaration with the lists that its placeholders stand for. @param listsOf by handle; it may throw. */
export function givenCategories(
  declaration: DatasetDeclaration,
  listsOf: (handle: number) => string[][],
): DatasetDeclaration {
  const features = declaration.features.map((feature) => {
    const [, handle, number] = placeholderOf(feature) ?? [];
    return handle === undefined ? feature : { ...feature, categories: listsOf(Number(handle))[Number(number)] ?? [] };
  });
  return { ...declaration, features };
}

/** Whether a declaration has placeholders. It comes from outside: it may be anything that its GraphQL input allows. */
export function hasPlaceholders({ features }: DatasetDeclaration): boolean {
  return Array.isArray(features) && features.some((feature) => placeholderOf(feature) !== undefined);
}

function placeholderOf(feature: FeatureDeclaration | null | undefined): RegExpExecArray | undefined {
  const [only, ...others] = feature?.categories?.slice(0, 2) ?? [];
  return (others.length === 0 && typeof only === "string" && placeholder.exec(only)) || undefined;
}

function isLongTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= longList && value.every((each) => typeof each === "string");
}

/** GraphQL takes a single value for a list of one. */
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** `countVariableValues` of a body. */
export function countValues(body: unknown, rowsAt: RowsAt): number {
  const { query, variables } = isRecord(body) ? body : {};
  if (typeof query !== "string" || !isRecord(variables)) return 0;
  return countVariableValues(variables, definitionsOf(query), rowsAt);
}

/** How many values variables hold, besides rows: entries of lists and fields of objects, at any depth. */
export function countVariableValues(
  variables: Readonly<Record<string, unknown>>,
  definitions: readonly VariableDefinitionNode[],
  { scalars, inputs }: RowsAt,
): number {
  const types = new Map(definitions.map(({ variable, type }) => [variable.name.value, nameOf(type).named]));
  let total = 0;
  for (const [name, value] of Object.entries(variables)) {
    const named = types.get(name) ?? "";
    if (scalars.includes(named)) continue;
    const fields = inputs[named];
    if (fields === undefined) total += 1 + valuesIn(value);
    else
      for (const input of asList(value).filter(isRecord))
        for (const [field, inner] of Object.entries(input)) if (!fields.includes(field)) total += 1 + valuesIn(inner);
  }
  return total;
}

function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let total = 0;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) total += 1 + valuesIn(inner);
  return total;
}

/** The characters of a body's document; 0 where it has none. */
export function documentLength(body: unknown): number {
  return isRecord(body) && typeof body.query === "string" ? body.query.length : 0;
}

function variablesOf(query: string): { name: string; type: TypeNode }[] {
  return definitionsOf(query).map(({ variable, type }) => ({ name: variable.name.value, type }));
}

function definitionsOf(query: string): VariableDefinitionNode[] {
  let document: DocumentNode;
  try {
    document = parse(query, { maxTokens: maximumTokens, noLocation: true });
  } catch {
    // Whoever executes the document says what is wrong with it.
    return [];
  }
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? (definition.variableDefinitions ?? []) : [],
  );
}

function nameOf(type: TypeNode): { named: string; isList: boolean } {
  if (type.kind === Kind.NAMED_TYPE) return { named: type.name.value, isList: false };
  const { named, isList } = nameOf(type.type);
  return { named, isList: isList || type.kind === Kind.LIST_TYPE };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
