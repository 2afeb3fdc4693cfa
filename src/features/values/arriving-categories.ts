import type { Feature } from "../../language/datasets/dataset.js";
import { withCategories } from "../../language/datasets/feature-types.js";
import { limits } from "../../language/fields/limits.js";
import { type Columns, columnOf, isSequences } from "./column.js";

/** Lists that are made while values arrive, each with the codes that were given out. */
const arriving = new WeakMap<readonly string[], Map<string, number>>();

/**
 * The features, those without declared categories with an empty list that grows: a category that is written or read for the
 * first time gets the next code. So rows need not wait for the dataset's own list; files and digests hold the texts.
 */
export function withArrivingCategories(features: readonly Feature[]): Feature[] {
  return withCategories(features, () => {
    const list: string[] = [];
    arriving.set(list, new Map());
    return list;
  });
}

/** The categories of one feature, in the order of their first rows. */
export interface ArrivedCategories {
  feature: string;
  values: string[];
}

/** The categories of a table's rows, of the features of `withArrivingCategories` with which it was made. */
export function arrivedCategories(features: readonly Feature[], table: Columns): ArrivedCategories[] {
  return features
    .filter(({ categories }) => arriving.has(categories))
    .map(({ name, shape, categories }) => {
      // The list may also have categories of rows that were left out.
      const column = table.columns.get(name);
      const codes = new Set(column && isSequences(column) ? column.values : columnOf(table, { name, shape }));
      const values = Array.from(codes, (code) => categories[code]).filter((value) => value !== undefined);
      return { feature: name, values };
    });
}

/** Whether a list has grown too long to take another category. */
export function isFull(categories: readonly string[]): boolean {
  return categories.length > limits.datasetCategories && arriving.has(categories);
}

/** Gives out the codes of a list that grows; undefined for any other list. */
export function arrivingCodes(categories: string[]): ((category: string) => number) | undefined {
  const codes = arriving.get(categories);
  if (!codes) return undefined;
  return (category) => {
    const known = codes.get(category);
    if (known !== undefined) return known;
    const code = categories.push(category) - 1;
    codes.set(category, code);
    return code;
  };
}
