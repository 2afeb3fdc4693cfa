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
    "A policy that retrains a model: what starts a training, how it trains, and when the new version gets the alias.",
})
export class Retraining extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "The policy's unique name." })
  name!: string;

  @Column("text")
  @Field({ description: "Free text; may be empty." })
  description!: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("boolean")
  @Field({ description: "Whether the policy is active." })
  enabled!: boolean;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the first declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@Entity("retraining_revision")
@ObjectType({
  implements: Node,
  description: "One declaration of a retraining policy with all defaults filled in; immutable.",
})
export class RetrainingRevision extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "retraining_id" })
  retrainingId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3, … within the policy." })
  number!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of `spec`. Equal declarations have equal digests on every platform." })
  digest!: string;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description: "The declaration with all defaults filled in: trigger, fine-tuning and promotion rule.",
  })
  spec!: RetrainingSpec;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it.")
  actor!: Actor;
}
