import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { RetrainingSpec } from "../language/retraining/retraining.js";
import { type Actor, ActorColumn } from "./actor.js";
import { Node } from "./node.js";
import { JSONObjectScalar } from "./scalars.js";

@Entity("retraining")
@ObjectType({
  implements: Node,
  description:
    "A policy that keeps a model fresh: what starts a training, how it trains, and when its result takes the alias.",
})
export class Retraining extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "Unique among policies." })
  name!: string;

  @Column("text")
  @Field({ description: "For people." })
  description!: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("boolean")
  @Field({ description: "Whether its trigger is watched." })
  enabled!: boolean;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was first declared." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@Entity("retraining_revision")
@ObjectType({ implements: Node, description: "One declaration of a retraining policy; immutable." })
export class RetrainingRevision extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "retraining_id" })
  retrainingId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3 … within the policy." })
  number!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of `spec`." })
  digest!: string;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, { description: "The resolved declaration: trigger, fine-tuning and promotion rule." })
  spec!: RetrainingSpec;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was declared." })
  createdAt!: Date;

  @ActorColumn("Who declared it.")
  actor!: Actor;
}
