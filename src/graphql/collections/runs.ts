import { ArgsType, Field, InputType } from "type-graphql";
import { Run } from "../../entities/run.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant, nameOf } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, type Conditions, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, IdFilter, IntFilter, RunStateFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which runs to list. All given conditions must hold." })
export class RunFilter implements Combinators<RunFilter> {
  @Field(() => [RunFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: RunFilter[] | null;

  @Field(() => [RunFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: RunFilter[] | null;

  @Field(() => RunFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: RunFilter | null;

  @Field(() => IdFilter, { nullable: true, description: "The run's id." })
  id?: IdFilter | null;

  @Field(() => RunStateFilter, { nullable: true, description: "The state." })
  state?: RunStateFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "Name of the model that it trains." })
  model?: StringFilter | null;

  @Field(() => StringFilter, {
    nullable: true,
    description: "Name of the policy that started it. Runs without a policy match no comparison, not even `ne`.",
  })
  retraining?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The run's project." })
  project?: StringFilter | null;

  @Field(() => IntFilter, {
    nullable: true,
    description: "The priority, 1 to 99; runs with a lower number start first.",
  })
  priority?: IntFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "Number of times that a worker has started it." })
  attempt?: IntFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time at which it was queued." })
  createdAt?: DateTimeFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the last change." })
  updatedAt?: DateTimeFilter | null;
}

export const RunOrder = orderInput("Run", {
  CREATED_AT: "Time at which it was queued.",
  UPDATED_AT: "Time of the last change. A run that changes while you page may be listed twice or not at all.",
});
type RunOrder = InstanceType<typeof RunOrder>;

@ArgsType()
export class RunsArguments extends ConnectionArguments {
  @Field(() => RunFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: RunFilter | null;

  @Field(() => RunOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: RunOrder | null;
}

export const RunConnection = Connection(Run, "Run");

/** Also for the live list: `compileFilter(filter, runConditions, parameters)` over the table `run t`. */
export const runConditions: Conditions<RunFilter> = {
  id: compare("t.id"),
  state: compare("t.state"),
  model: nameOf("model", "model_id"),
  retraining: nameOf("retraining", "retraining_id"),
  project: compare("t.project"),
  priority: compare("t.priority"),
  attempt: compare("t.attempt"),
  createdAt: compareInstant("t.created_at"),
  updatedAt: compareInstant("t.updated_at"),
};

export const runs: Collection<Run, RunFilter, RunOrder> = {
  name: "runs",
  entity: Run,
  tiebreak: "id",
  conditions: runConditions,
  order: byColumns(
    { CREATED_AT: { column: "created_at", kind: "instant" }, UPDATED_AT: { column: "updated_at", kind: "instant" } },
    { field: "CREATED_AT", direction: "DESC" },
  ),
};
