import { ArgsType, Field, InputType } from "type-graphql";
import { Retraining } from "../../entities/retraining.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant, nameOf } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { BooleanFilter, DateTimeFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which retraining policies to list. All given conditions must hold." })
export class RetrainingFilter implements Combinators<RetrainingFilter> {
  @Field(() => [RetrainingFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: RetrainingFilter[] | null;

  @Field(() => [RetrainingFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: RetrainingFilter[] | null;

  @Field(() => RetrainingFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: RetrainingFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The name." })
  name?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Name of the model that it retrains." })
  model?: StringFilter | null;

  @Field(() => BooleanFilter, { nullable: true, description: "Whether the policy is active." })
  enabled?: BooleanFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the first declaration." })
  createdAt?: DateTimeFilter | null;
}

export const RetrainingOrder = orderInput("Retraining", {
  CREATED_AT: "Time of the first declaration.",
  NAME: "The name.",
});
type RetrainingOrder = InstanceType<typeof RetrainingOrder>;

@ArgsType()
export class RetrainingsArguments extends ConnectionArguments {
  @Field(() => RetrainingFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: RetrainingFilter | null;

  @Field(() => RetrainingOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: RetrainingOrder | null;
}

export const RetrainingConnection = Connection(Retraining, "Retraining");

export const retrainings: Collection<Retraining, RetrainingFilter, RetrainingOrder> = {
  name: "retrainings",
  entity: Retraining,
  tiebreak: "id",
  conditions: {
    name: compare("t.name"),
    model: nameOf("model", "model_id"),
    enabled: compare("t.enabled"),
    createdAt: compareInstant("t.created_at"),
  },
  order: byColumns(
    { CREATED_AT: { column: "created_at", kind: "instant" }, NAME: { column: "name", kind: "text" } },
    { field: "CREATED_AT", direction: "DESC" },
  ),
};
