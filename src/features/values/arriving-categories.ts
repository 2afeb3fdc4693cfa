import type { Feature } from "../../language/datasets/dataset.js";
import { withCategories } from "../../language/datasets/feature-types.js";

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

/** What has arrived in the lists of `withArrivingCategories`. */
export function arrivedCategories(features: readonly Feature[]): ArrivedCategories[] {
  return features
    .filter(({ categories }) => arriving.has(categories))
    .map(({ name, categories }) => ({ feature: name, values: categories }));
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
