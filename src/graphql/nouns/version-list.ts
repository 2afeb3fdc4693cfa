import { Field, InputType } from "type-graphql";
import { ModelVersion, SplitPartEnum } from "../../entities/version.js";
import { badInput, type Condition, compare, compareNumber } from "../../lists/condition.js";
import { byId, byInstant, byInt, byNameOf, filterBy } from "../../lists/filter.js";
import { list } from "../../lists/list.js";
import { listing, orderingByColumns } from "../../lists/listing.js";
import { isStorable } from "../../lists/loaders.js";
import { NumberFilter, StringFilter } from "../../lists/operators.js";
import { type OrderBy, type Ordering, orderInput } from "../../lists/order.js";

type Part = keyof typeof SplitPartEnum;

@InputType({ description: "Selects versions by one tag." })
class TagFilter {
  @Field(() => String, { description: "The tag's key. Versions without this tag do not match." })
  key!: string;

  @Field(() => StringFilter, { nullable: true, description: "Condition on the tag's value. Default: any value." })
  value?: StringFilter | null;
}

@InputType({
  description:
    "Selects versions by one metric; versions without it do not match. NaN equals itself; `lt`, `lte`, `gt` and `gte` never match it.",
})
class EvaluationFilter extends NumberFilter {
  @Field(() => SplitPartEnum, { defaultValue: "TEST", description: "The part of the rows that it was measured on." })
  split!: Part;

  @Field(() => String, { description: "Name of the metric, such as `accuracy`." })
  name!: string;
}

@InputType({ description: "Identifies one metric of a version." })
class EvaluationKey {
  @Field(() => SplitPartEnum, { defaultValue: "TEST", description: "The part of the rows that it was measured on." })
  split!: Part;

  @Field(() => String, { description: "Name of the metric, such as `accuracy`." })
  name!: string;
}

const PlainOrder = orderInput("ModelVersion", {
  CREATED_AT: "Time of the registration.",
  NUMBER: "The number within the model.",
  EVALUATION: "The metric given by `evaluation`. Versions without it, or with NaN, come last.",
});

@InputType({ description: "The order of a list. Equal values are ordered by id." })
class ModelVersionOrder extends PlainOrder {
  @Field(() => EvaluationKey, {
    nullable: true,
    description: "EVALUATION: the metric to order by; required there and refused with other fields.",
  })
  evaluation?: EvaluationKey | null;
}

const hasTag: Condition<TagFilter> = ({ key, value }, scope) => {
  const keyFits = compare("tag.key")({ eq: key }, { ...scope, path: `${scope.path}.key` });
  const valueFits = value == null ? "true" : compare("tag.value")(value, { ...scope, path: `${scope.path}.value` });
  return `EXISTS (SELECT FROM version_tag tag WHERE tag.version_id = t.id AND ${keyFits} AND ${valueFits})`;
};

const measured: Condition<EvaluationFilter> = ({ split, name, ...comparisons }, scope) => {
  const named = compare("e.name")({ eq: name }, { ...scope, path: `${scope.path}.name` });
  return `EXISTS (SELECT FROM evaluation e WHERE e.version_id = t.id
    AND e.split = ${scope.parameters.bind(split.toLowerCase())} AND ${named} AND ${compareNumber("e.value")(comparisons, scope)})`;
};

/** Numbers in their order; what is NaN or was never measured comes behind all of them, infinities included. */
function byEvaluation({ direction, evaluation }: ModelVersionOrder): Ordering {
  if (evaluation == null) throw badInput("orderBy.evaluation", "EVALUATION needs the measurement to order by");
  const { split, name } = evaluation;
  if (!isStorable(name)) throw badInput("orderBy.evaluation.name", "must not contain the character U+0000");
  const last = direction === "ASC" ? 2 : 0;
  return {
    name: `EVALUATION ${split} ${name}`,
    direction,
    kind: "measurement",
    value: (parameters) => `coalesce((SELECT ARRAY[1, e.value] FROM evaluation e WHERE e.version_id = t.id
      AND e.split = ${parameters.bind(split.toLowerCase())} AND e.name = ${parameters.bind(name)}
      AND e.value <> 'NaN'), ARRAY[${last}, 0]::float8[])`,
  };
}

const byColumn = orderingByColumns(
  { CREATED_AT: { column: "created_at", kind: "instant" }, NUMBER: { column: "number", kind: "int" } },
  { field: "CREATED_AT", direction: "DESC" },
);

function ordering(by: OrderBy | null | undefined): Ordering {
  const given = by as ModelVersionOrder | null | undefined;
  if (given?.field === "EVALUATION") return byEvaluation(given);
  if (given?.evaluation != null) throw badInput("orderBy.evaluation", "only goes with the field EVALUATION");
  return byColumn(by);
}

/** Versions of all models, or of one. */
export const modelVersions = list(
  ModelVersion,
  "model versions",
  listing("ModelVersion", {
    filter: {
      description: "Which versions to list.",
      fields: {
        model: byNameOf("model", "model_id", "Name of the model."),
        number: byInt("number", "The number within the model."),
        run: byId("run_id", "Id of the run that made it."),
        alias: filterBy(
          StringFilter,
          "Name of an alias that points to it.",
          (given, scope) =>
            `EXISTS (SELECT FROM alias a WHERE a.version_id = t.id AND ${compare("a.name")(given, scope)})`,
        ),
        tag: filterBy(TagFilter, "A tag of the version.", hasTag),
        evaluation: filterBy(EvaluationFilter, "A metric of the version.", measured),
        createdAt: byInstant("created_at", "Time of the registration."),
      },
    },
    order: { input: ModelVersionOrder, ordering, description: "The order. Default: newest first." },
  }),
);
