import { type ClassType, Field, InputType } from "type-graphql";
import type { Parameters } from "../db/parameters.js";
import { badInput, type Condition, compare, compareInstant, nameOf, type Scope } from "./condition.js";
import { BooleanFilter, DateTimeFilter, IdFilter, IntFilter, StringFilter } from "./operators.js";

/** A filter as clients give it: fields, and combinations of other filters. All of them must hold. */
export interface Filter {
  and?: Filter[] | null;
  or?: Filter[] | null;
  not?: Filter | null;
  [field: string]: unknown;
}

/** One field of a filter: its input type, and the condition that follows from its value. */
export interface FilterField {
  input: () => ClassType;
  description: string;
  // biome-ignore lint/suspicious/noExplicitAny: what a condition is given is what its own input type lets through.
  condition: Condition<any>;
}

export type FilterFields = Readonly<Record<string, FilterField>>;

/** A field with an input type and a condition of its own. */
export function filterBy<Given extends object>(
  input: ClassType<Given>,
  description: string,
  condition: Condition<Given>,
): FilterField {
  return { input: () => input, description, condition };
}

/** Fields for columns of the row `t`, none of which is ever null. */
export const byText = (column: string, description: string) =>
  filterBy(StringFilter, description, compare(`t.${column}`));
export const byId = (column: string, description: string) => filterBy(IdFilter, description, compare(`t.${column}`));
export const byInt = (column: string, description: string) => filterBy(IntFilter, description, compare(`t.${column}`));
export const byBoolean = (column: string, description: string) =>
  filterBy(BooleanFilter, description, compare(`t.${column}`));
export const byInstant = (column: string, description: string) =>
  filterBy(DateTimeFilter, description, compareInstant(`t.${column}`));
/** For the name of the row of `table` whose id is in `column`. */
export const byNameOf = (table: string, column: string, description: string) =>
  filterBy(StringFilter, description, nameOf(table, column));

/** The input type `<type>Filter`. */
export function filterInput(
  type: string,
  description: string,
  fields: Readonly<Record<string, Pick<FilterField, "input" | "description">>>,
): ClassType<Filter> {
  @InputType(`${type}Filter`, { description: `${description} What is given together must all hold.` })
  class FilterOf {
    [field: string]: unknown;

    @Field(() => [FilterOf], { nullable: true, description: "All of these must match." })
    and?: FilterOf[] | null;

    @Field(() => [FilterOf], {
      nullable: true,
      description: "At least one of these must match; an empty list matches nothing.",
    })
    or?: FilterOf[] | null;

    @Field(() => FilterOf, { nullable: true, description: "This must not match." })
    not?: FilterOf | null;
  }
  for (const [name, { input, description }] of Object.entries(fields))
    (Field(input, { nullable: true, description }) as PropertyDecorator)(FilterOf.prototype, name);
  return FilterOf as ClassType<Filter>;
}

/** How far `and`, `or` and `not` may nest, and how many filters one argument may hold in all. */
export const filterLimits = { depth: 8, filters: 200 } as const;

/**
 * A filter as a boolean SQL expression over the row `t`, its values bound to `parameters`. Fields of one filter must all
 * hold; a field that is null counts as absent, and so does an absent filter, which matches everything.
 *
 * @throws PlatformError BAD_INPUT, naming the place, for a filter beyond `filterLimits` or a value nothing could match.
 */
export function compileFilter(filter: Filter | null | undefined, fields: FilterFields, parameters: Parameters): string {
  let filters = 0;

  const compile = (given: Filter, path: string, depth: number): string => {
    if (depth > filterLimits.depth) throw badInput(path, `filters nest at most ${filterLimits.depth} deep`);
    filters += 1;
    if (filters > filterLimits.filters)
      throw badInput("filter", `must hold at most ${filterLimits.filters} filters in all`);
    const terms: string[] = [];
    for (const [name, value] of Object.entries(given)) {
      if (value === null || value === undefined) continue;
      const at = `${path}.${name}`;
      if (name === "and" || name === "or") {
        const parts = (value as Filter[]).map((part, index) => compile(part, `${at}[${index}]`, depth + 1));
        terms.push(parts.length === 0 ? String(name === "and") : `(${parts.join(` ${name.toUpperCase()} `)})`);
      } else if (name === "not") {
        terms.push(`NOT (${compile(value as Filter, at, depth + 1)})`);
      } else {
        const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (field === undefined) throw badInput(at, "cannot be filtered by");
        terms.push(field.condition(value, { parameters, path: at } satisfies Scope));
      }
    }
    return terms.length === 0 ? "true" : `(${terms.join(" AND ")})`;
  };

  return filter == null ? "true" : compile(filter, "filter", 1);
}
