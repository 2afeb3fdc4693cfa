import { ArgsType, Field, InputType } from "type-graphql";
import { Optimizer } from "../../entities/optimizer.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, StringFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which optimizers to list. All given conditions must hold." })
export class OptimizerFilter implements Combinators<OptimizerFilter> {
  @Field(() => [OptimizerFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: OptimizerFilter[] | null;

  @Field(() => [OptimizerFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: OptimizerFilter[] | null;

  @Field(() => OptimizerFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: OptimizerFilter | null;

  @Field(() => StringFilter, { nullable: true, description: "The name." })
  name?: StringFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time of the first declaration." })
  createdAt?: DateTimeFilter | null;
}

export const OptimizerOrder = orderInput("Optimizer", {
  CREATED_AT: "Time of the first declaration.",
  NAME: "The name.",
});
type OptimizerOrder = InstanceType<typeof OptimizerOrder>;

@ArgsType()
export class OptimizersArguments extends ConnectionArguments {
  @Field(() => OptimizerFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: OptimizerFilter | null;

  @Field(() => OptimizerOrder, { nullable: true, description: "The order. Default: newest first." })
  orderBy?: OptimizerOrder | null;
}

export const OptimizerConnection = Connection(Optimizer, "Optimizer");

export const optimizers: Collection<Optimizer, OptimizerFilter, OptimizerOrder> = {
  name: "optimizers",
  entity: Optimizer,
  tiebreak: "id",
  conditions: { name: compare("t.name"), createdAt: compareInstant("t.created_at") },
  order: byColumns(
    { CREATED_AT: { column: "created_at", kind: "instant" }, NAME: { column: "name", kind: "text" } },
    { field: "CREATED_AT", direction: "DESC" },
  ),
};
