import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { OptimizerSpec } from "../language/algorithms/optimizer.js";
import { type Actor, ActorColumn } from "./actor.js";
import { Node } from "./node.js";
import { JSONObjectScalar } from "./scalars.js";

@Entity("optimizer")
@ObjectType({
  implements: Node,
  description: "A declared update rule: algorithm, learning-rate schedule, gradient clipping and weight decay.",
})
export class Optimizer extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "The optimizer's unique name." })
  name!: string;

  @Column("text")
  @Field({ description: "Free text; may be empty." })
  description!: string;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the first declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@Entity("optimizer_revision")
@ObjectType({
  implements: Node,
  description: "One declaration of an optimizer with all defaults filled in; immutable.",
})
export class OptimizerRevision extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "optimizer_id" })
  optimizerId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3, … within the optimizer." })
  number!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of `spec`. Equal declarations have equal digests on every platform." })
  digest!: string;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description:
      "The declaration with all defaults filled in: algorithm, learning rate, weight decay, clipping and weight averaging.",
  })
  spec!: OptimizerSpec;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it.")
  actor!: Actor;
}
