import { type DocumentNode, Kind, type VariableDefinitionNode, visit } from "graphql";
import type { RowsAt } from "./protocol.js";
import { asList, isRecord, typeNameOf, variablesOf } from "./variables.js";

/** The field whose strings are not counted: a dataset may have as many categories as fit into a body. */
const categoriesField = "categories";

/** `countVariableValues` of a body; 0 if its document cannot be parsed, which is reported when it is executed. */
export function countValues(body: unknown, rowsAt: RowsAt): number {
  const { variables, definitions, document } = variablesOf(body);
  return document ? countVariableValues(variables, definitions, document, rowsAt) : 0;
}

/**
 * The number of values in variables: entries of lists and fields of objects, at any depth. Rows are not counted, nor are
 * strings in a list of categories, whether it is a field of a variable or a variable that the document uses as that field.
 */
export function countVariableValues(
  variables: Readonly<Record<string, unknown>>,
  definitions: readonly VariableDefinitionNode[],
  document: DocumentNode,
  { scalars, inputs }: RowsAt,
): number {
  const types = new Map(definitions.map(({ variable, type }) => [variable.name.value, typeNameOf(type).named]));
  let listsOfCategories: ReadonlySet<string> | undefined;
  // The document is searched only for requests that have lists.
  const isCategories = (name: string) => {
    listsOfCategories ??= categoryVariables(document);
    return listsOfCategories.has(name);
  };
  let total = 0;
  for (const [name, value] of Object.entries(variables)) {
    const named = types.get(name) ?? "";
    if (scalars.includes(named)) continue;
    const fields = inputs[named];
    if (fields === undefined)
      total += 1 + (Array.isArray(value) && isCategories(name) ? valuesOfCategories(value) : valuesIn(value));
    else
      for (const input of asList(value).filter(isRecord))
        for (const [field, inner] of Object.entries(input)) if (!fields.includes(field)) total += 1 + valuesIn(inner);
  }
  return total;
}

/** The variables that a document uses as lists of categories: `{ categories: $names }`. */
function categoryVariables(document: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  visit(document, {
    ObjectField({ name, value }) {
      if (name.value === categoriesField && value.kind === Kind.VARIABLE) names.add(value.name.value);
    },
  });
  return names;
}

function valuesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let total = 0;
  if (Array.isArray(value)) for (const entry of value) total += 1 + valuesIn(entry);
  else
    for (const [field, inner] of Object.entries(value))
      total += 1 + (field === categoriesField && Array.isArray(inner) ? valuesOfCategories(inner) : valuesIn(inner));
  return total;
}

function valuesOfCategories(list: readonly unknown[]): number {
  let total = 0;
  for (const entry of list) if (typeof entry !== "string") total += 1 + valuesIn(entry);
  return total;
}
