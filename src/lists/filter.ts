import { badInput, type Condition, type Scope } from "./condition.js";
import type { Parameters } from "./statement.js";

/** What every filter has beside its fields. */
export interface Combinators<Filter> {
  and?: Filter[] | null;
  or?: Filter[] | null;
  not?: Filter | null;
}

/** One condition for each field of a filter. */
export type Conditions<Filter> = {
  [Field in Exclude<keyof Filter, keyof Combinators<Filter>>]-?: Condition<NonNullable<Filter[Field]>>;
};

/** How far `and`, `or` and `not` may nest, and how many filters one argument may hold in all. */
export const filterLimits = { depth: 8, filters: 200 } as const;

/** Descriptions of `and`, `or` and `not`, the same in every filter. */
export const combinatorDescriptions = {
  and: "All of these must match.",
  or: "At least one of these must match; an empty list matches nothing.",
  not: "This must not match.",
} as const;

/**
 * A filter as a boolean SQL expression over the row `t`, its values bound to `parameters`. Fields of one filter must all
 * hold; a field that is null counts as absent, and so does an absent filter, which matches everything.
 *
 * @throws PlatformError BAD_INPUT, naming the place, for a filter beyond `filterLimits` or a value nothing could match.
 */
export function compileFilter<Filter extends Combinators<Filter>>(
  filter: Filter | null | undefined,
  conditions: Conditions<Filter>,
  parameters: Parameters,
): string {
  let filters = 0;

  const compile = (given: Filter, path: string, depth: number): string => {
    if (depth > filterLimits.depth) throw badInput(path, `filters nest at most ${filterLimits.depth} deep`);
    filters += 1;
    if (filters > filterLimits.filters)
      throw badInput("filter", `must hold at most ${filterLimits.filters} filters in all`);
    const terms: string[] = [];
    for (const [field, value] of Object.entries(given)) {
      if (value === null || value === undefined) continue;
      const at = `${path}.${field}`;
      if (field === "and" || field === "or") {
        const parts = (value as Filter[]).map((part, index) => compile(part, `${at}[${index}]`, depth + 1));
        terms.push(parts.length === 0 ? String(field === "and") : `(${parts.join(` ${field.toUpperCase()} `)})`);
      } else if (field === "not") {
        terms.push(`NOT (${compile(value as Filter, at, depth + 1)})`);
      } else {
        const condition = conditions[field as keyof Conditions<Filter>] as Condition<unknown> | undefined;
        if (condition === undefined) throw badInput(at, "cannot be filtered by");
        terms.push(condition(value, { parameters, path: at } satisfies Scope));
      }
    }
    return terms.length === 0 ? "true" : `(${terms.join(" AND ")})`;
  };

  return filter == null ? "true" : compile(filter, "filter", 1);
}
