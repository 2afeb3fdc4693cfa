import { Field, InputType } from "type-graphql";
import type { Comparisons, RowCondition, RowSubject } from "../../features/row-condition.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { type Comparison, describedType } from "../../language/datasets/feature-types.js";
import { shown } from "../../language/fields/wording.js";
import { badInput, maxListLength } from "../../lists/condition.js";
import { type Filter, filterInput, filterLimits } from "../../lists/filter.js";
import {
  BooleanFilter,
  DateTimeFilter,
  IntFilter,
  NumberFilter,
  SplitPartFilter,
  StringFilter,
} from "../../lists/operators.js";

@InputType({
  description:
    "Compares the value of a feature. A missing value meets no comparison. What is given together must all hold.",
})
export class FeatureValueFilter implements Partial<Record<Comparison, object | null>> {
  @Field({ description: "The feature's name." })
  name!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the value is missing; any feature can be asked for it.",
  })
  isMissing?: boolean | null;

  @Field(() => NumberFilter, { nullable: true, description: "Compares a NUMBER." })
  number?: NumberFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Compares a CATEGORY or a TEXT." })
  text?: StringFilter | null;

  @Field(() => BooleanFilter, { nullable: true, description: "Compares a BINARY." })
  boolean?: BooleanFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Compares a TIMESTAMP." })
  instant?: DateTimeFilter | null;
}

/** Which rows of a dataset to list. */
export const DatasetRowFilter = filterInput("DatasetRow", "Which rows to list.", {
  ordinal: { input: () => IntFilter, description: "Its place among all rows of the dataset, from 0." },
  part: { input: () => SplitPartFilter, description: "The part of the split that it is in." },
  version: { input: () => IntFilter, description: "Number of the version that added it." },
  feature: { input: () => FeatureValueFilter, description: "The value of one feature; several by `and`." },
});

const comparisons = ["number", "text", "boolean", "instant"] as const satisfies readonly Comparison[];

/**
 * A filter as a condition; undefined where it matches everything.
 *
 * @throws PlatformError BAD_INPUT, naming the place.
 */
export function readRowFilter(
  filter: Filter | null | undefined,
  features: readonly Feature[],
): RowCondition | undefined {
  let filters = 0;

  const read = (given: Filter, path: string, depth: number): RowCondition => {
    if (depth > filterLimits.depth) throw badInput(path, `filters nest at most ${filterLimits.depth} deep`);
    if (++filters > filterLimits.filters)
      throw badInput("filter", `must hold at most ${filterLimits.filters} filters in all`);
    const all: RowCondition[] = [];
    for (const [name, value] of Object.entries(given)) {
      if (value === null || value === undefined) continue;
      const at = `${path}.${name}`;
      const parts = () => (value as Filter[]).map((part, index) => read(part, `${at}[${index}]`, depth + 1));
      if (name === "and") all.push(...parts());
      else if (name === "or") all.push({ any: parts() });
      else if (name === "not") all.push({ not: read(value as Filter, at, depth + 1) });
      else if (name === "feature") all.push(...ofFeature(value as FeatureValueFilter, at));
      else all.push({ of: name as RowSubject, by: comparisonsOf(value, at, name === "part" ? lower : same) });
    }
    return { all };
  };

  const ofFeature = (given: FeatureValueFilter, path: string): RowCondition[] => {
    const feature = features.find(({ name }) => name === given.name);
    if (!feature) throw badInput(`${path}.name`, `the dataset has no feature ${shown(given.name)}`);
    const of = { feature: feature.name };
    const found: RowCondition[] = [];
    if (given.isMissing != null) found.push({ of, isMissing: given.isMissing });
    for (const comparison of comparisons) {
      const by = given[comparison];
      if (by == null) continue;
      const { comparedAs } = describedType(feature.type);
      if (comparedAs !== comparison) {
        const how = comparedAs === undefined ? "can only be asked for `isMissing`" : `is compared by \`${comparedAs}\``;
        throw badInput(`${path}.${comparison}`, `${shown(feature.name)} is ${feature.type} and ${how}`);
      }
      found.push({ of, by: comparisonsOf(by, `${path}.${comparison}`, same) });
    }
    return found;
  };

  return filter == null ? undefined : read(filter, "filter", 1);
}

const same = (value: unknown): unknown => (value instanceof Date ? value.getTime() : value);
const lower = (value: unknown): unknown => String(value).toLowerCase();

function comparisonsOf(given: unknown, path: string, convert: (value: unknown) => unknown): Comparisons {
  const by: Record<string, unknown> = {};
  for (const [operator, value] of Object.entries(given as object)) {
    if (value === null || value === undefined) continue;
    if (Array.isArray(value) && value.length > maxListLength)
      throw badInput(`${path}.${operator}`, `must hold at most ${maxListLength} values, got ${value.length}`);
    by[operator] = Array.isArray(value) ? value.map(convert) : convert(value);
  }
  return by;
}
