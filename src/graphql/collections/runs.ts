import { ArgsType, Field, InputType } from "type-graphql";
import { Run } from "../../entities/run.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant, nameOf } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, type Conditions, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, IdFilter, IntFilter, RunStateFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which runs to list. What is given together must all hold." })
export class RunFilter implements Combinators<RunFilter> {
  @Field(() => [RunFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: RunFilter[] | null;

  @Field(() => [RunFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: RunFilter[] | null;

  @Field(() => RunFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: RunFilter | null;

  @Field(() => IdFilter, { nullable: true, description: "Its id." })
  id?: IdFilter | null;

  @Field(() => RunStateFilter, { nullable: true, description: "Where it stands." })
  state?: RunStateFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The name of the model it trains." })
  model?: StringFilter | null;

  @Field(() => StringFilter, {
    nullable: true,
    description: "The name of the policy that started it; a run started by hand fits no comparison, not even `ne`.",
  })
  retraining?: StringFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The project it belongs to." })
  project?: StringFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "1 to 99; lower starts first." })
  priority?: IntFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "How often a worker has started it." })
  attempt?: IntFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "When it was queued." })
  createdAt?: DateTimeFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "When it last changed." })
  updatedAt?: DateTimeFilter | null;
}

export const RunOrder = orderInput("Run", {
  CREATED_AT: "When it was queued.",
  UPDATED_AT: "When it last changed. It may change while you page; then it is listed again, or not at all.",
});
type RunOrder = InstanceType<typeof RunOrder>;

@ArgsType()
export class RunsArguments extends ConnectionArguments {
  @Field(() => RunFilter, { nullable: true, description: "Which to list; all unless given." })
  filter?: RunFilter | null;

  @Field(() => RunOrder, { nullable: true, description: "The order; newest first unless given." })
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
