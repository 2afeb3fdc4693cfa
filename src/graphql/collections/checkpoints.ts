import { ArgsType, Field, InputType } from "type-graphql";
import { Checkpoint } from "../../entities/checkpoint.js";
import { ConnectionArguments } from "../../lists/arguments.js";
import { byColumns, type Collection } from "../../lists/collection.js";
import { compare, compareInstant } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { type Combinators, combinatorDescriptions } from "../../lists/filter.js";
import { DateTimeFilter, IntFilter } from "../../lists/operators.js";
import { orderInput } from "../../lists/order.js";

@InputType({ description: "Which checkpoints of a run to list. All given conditions must hold." })
export class CheckpointFilter implements Combinators<CheckpointFilter> {
  @Field(() => [CheckpointFilter], { nullable: true, description: combinatorDescriptions.and })
  and?: CheckpointFilter[] | null;

  @Field(() => [CheckpointFilter], { nullable: true, description: combinatorDescriptions.or })
  or?: CheckpointFilter[] | null;

  @Field(() => CheckpointFilter, { nullable: true, description: combinatorDescriptions.not })
  not?: CheckpointFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "Optimizer steps completed when it was saved." })
  step?: IntFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "Epochs completed when it was saved." })
  epoch?: IntFilter | null;

  @Field(() => IntFilter, { nullable: true, description: "The attempt that saved it." })
  attempt?: IntFilter | null;

  @Field(() => DateTimeFilter, { nullable: true, description: "Time at which it was committed." })
  createdAt?: DateTimeFilter | null;
}

export const CheckpointOrder = orderInput("Checkpoint", { STEP: "Optimizer steps completed when it was saved." });
type CheckpointOrder = InstanceType<typeof CheckpointOrder>;

@ArgsType()
export class CheckpointsArguments extends ConnectionArguments {
  @Field(() => CheckpointFilter, { nullable: true, description: "Which entries to list. Default: all." })
  filter?: CheckpointFilter | null;

  @Field(() => CheckpointOrder, {
    nullable: true,
    description: "The order. Default: most steps first.",
  })
  orderBy?: CheckpointOrder | null;
}

export const CheckpointConnection = Connection(Checkpoint, "Checkpoint");

export const checkpoints: Collection<Checkpoint, CheckpointFilter, CheckpointOrder> = {
  name: "checkpoints",
  entity: Checkpoint,
  tiebreak: "id",
  conditions: {
    step: compare("t.step"),
    epoch: compare("t.epoch"),
    attempt: compare("t.attempt"),
    createdAt: compareInstant("t.created_at"),
  },
  order: byColumns({ STEP: { column: "step", kind: "int" } }, { field: "STEP", direction: "DESC" }),
};
