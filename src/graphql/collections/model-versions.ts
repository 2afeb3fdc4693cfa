import { ArgsType, Field, InputType } from "type-graphql";
import { ModelVersion, SplitPartEnum } from "../../entities/version.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { badInput, type Condition, compare, compareInstant, compareNumber, nameOf } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { isStorable } from "../../lists/loaders.js";
import { DateTimeFilter, IdFilter, IntFilter, NumberFilter, StringFilter } from "../../lists/operators.js";
import { type OrderBy, type Ordering, orderInput } from "../../lists/order.js";

type Part = keyof typeof SplitPartEnum;

@InputType({ description: "Selects versions by one tag." })
export class TagFilter {
  @Field(() => String, { description: "The tag's key. Versions without this tag do not match." })
  key!: string;

  @Field(() => StringFilter, { nullable: true, description: "Condition on the tag's value. Default: any value." })
  value?: StringFilter | null;
}

@InputType({
  description:
    "Selects versions by one metric; versions without it do not match. NaN equals itself and never matches lt, lte, gt or gte.",
})
export class EvaluationFilter extends NumberFilter {
  @Field(() => SplitPartEnum, { defaultValue: "TEST", description: "The part of the rows that it was measured on." })
  split!: Part;

  @Field(() => String, { description: "Name of the metric, such as `accuracy`." })
  name!: string;
}

@InputType({ description: "Which versions to list. All given conditions must hold." })
export class ModelVersionFilter implements Combinators<ModelVersionFilter> {
  @Field(() => [ModelVersionFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: ModelVersionFilter[] | null;

  @Field(() => [ModelVersionFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: ModelVersionFilter[] | null;

  @Field(() => ModelVersionFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: ModelVersionFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Name of the model." })
  model?: StringFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "The number within the model." })
  number?: IntFilter | null;

  @Field(() => IdFilter, { nullable: true, description: "Id of the run that made it." })
  run?: IdFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Name of an alias that points to it." })
  alias?: StringFilter | null;

  @Field(() => TagFilter, { nullable: true, description: "A tag of the version." })
  tag?: TagFilter | null;

  @Field(() => EvaluationFilter, { nullable: true, description: "A metric of the version." })
  evaluation?: EvaluationFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the registration." })
  createdAt?: DateTimeFilter | null;
}

@InputType({ description: "Identifies one metric of a version." })
export class EvaluationKey {
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
export class ModelVersionOrder extends PlainOrder {
  @Field(() => EvaluationKey, {
    nullable: true,
    description: "EVALUATION: the metric to order by; required there and refused with other fields.",
  })
  evaluation?: EvaluationKey | null;
}

@ArgsType()
export class ModelVersionsArguments extends ConnectionArguments {
  @Field(() => ModelVersionFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: ModelVersionFilter | null;

  @Field(() => ModelVersionOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: ModelVersionOrder | null;
}

export const ModelVersionConnection = Connection(ModelVersion, "ModelVersion");

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

const byColumn = byColumns(
  { CREATED_AT: { column: "created_at", kind: "instant" }, NUMBER: { column: "number", kind: "int" } },
  { field: "CREATED_AT", direction: "DESC" },
);

export const modelVersions: Collection<ModelVersion, ModelVersionFilter, ModelVersionOrder> = {
  name: "model versions",
  entity: ModelVersion,
  tiebreak: "id",
  conditions: {
    model: nameOf("model", "model_id"),
    number: compare("t.number"),
    run: compare("t.run_id"),
    alias: (given, scope) =>
      `EXISTS (SELECT FROM alias a WHERE a.version_id = t.id AND ${compare("a.name")(given, scope)})`,
    tag: hasTag,
    evaluation: measured,
    createdAt: compareInstant("t.created_at"),
  },
  order(by) {
    if (by?.field === "EVALUATION") return byEvaluation(by);
    if (by?.evaluation != null) throw badInput("orderBy.evaluation", "only goes with the field EVALUATION");
    return byColumn(by as OrderBy<"CREATED_AT" | "NUMBER"> | null | undefined);
  },
};
