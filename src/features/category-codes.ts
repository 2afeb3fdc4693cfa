/** The code of a category: its index in the declared list; undefined for a text that is not in it. */
export type CategoryCodes = (category: string) => number | undefined;

/** Lookups that search the list before an index is made: a few rows need no index of 10,000 categories. */
const walks = 8;

const indexes = new WeakMap<readonly string[], CategoryCodes>();

/** The codes of a feature's categories. Each list has one index, which is made when it pays. */
export function categoryCodes(categories: readonly string[]): CategoryCodes {
  const known = indexes.get(categories);
  if (known !== undefined) return known;
  let walked = 0;
  let index: ReadonlyMap<string, number> | undefined;
  const codes: CategoryCodes = (category) => {
    if (index === undefined && walked++ < walks) {
      const code = categories.indexOf(category);
      return code < 0 ? undefined : code;
    }
    index ??= new Map(categories.map((each, code) => [each, code]));
    return index.get(category);
  };
  indexes.set(categories, codes);
  return codes;
}
