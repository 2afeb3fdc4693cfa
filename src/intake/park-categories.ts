import type { DatasetDeclaration, FeatureDeclaration } from "../language/datasets/dataset.js";
import { asList, isRecord, typeNameOf, variablesOf } from "./variables.js";

/** Lists of at least this many categories are kept in the thread, if all of them are strings. */
const longList = 100;
const placeholder = /^perennial:parked:(\d+):(\d+)$/;

/**
 * Takes long lists of categories out of the features in a body's variables, and puts a list with one placeholder in the place
 * of each. To GraphQL the placeholder is a category; `givenCategories` puts the lists back.
 *
 * @returns the lists, by the number in their placeholders.
 */
export function parkCategories(body: unknown, handle: number): string[][] {
  const { variables, definitions } = variablesOf(body);
  const lists: string[][] = [];
  for (const { variable, type } of definitions) {
    for (const feature of featuresIn(typeNameOf(type).named, asList(variables[variable.name.value]))) {
      if (!isRecord(feature) || !isLongTextList(feature.categories)) continue;
      const number = lists.push(feature.categories) - 1;
      feature.categories = [`perennial:parked:${handle}:${number}`];
    }
  }
  return lists;
}

function featuresIn(type: string, values: unknown[]): unknown[] {
  if (type === "FeatureInput") return values;
  if (type !== "DeclareDatasetInput") return [];
  return values.flatMap((input) => (isRecord(input) ? asList(input.features) : []));
}

/** The declaration with the lists that its placeholders stand for. @param listsOf by handle; it may throw. */
export function givenCategories<Declaration extends DatasetDeclaration>(
  declaration: Declaration,
  listsOf: (handle: number) => string[][],
): Declaration {
  const features = declaration.features.map((feature) => {
    const [, handle, number] = placeholderOf(feature) ?? [];
    return handle === undefined ? feature : { ...feature, categories: listsOf(Number(handle))[Number(number)] ?? [] };
  });
  return { ...declaration, features };
}

/** Whether a declaration has placeholders. It is not checked yet: it may be anything that its GraphQL input allows. */
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
