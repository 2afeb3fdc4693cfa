import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { RevisionSpec } from "../language/models/open-model.js";
import { type Actor, ActorColumn } from "./actor.js";
import { Node } from "./node.js";
import { JSONObjectScalar } from "./scalars.js";

@Entity("model")
@ObjectType({
  implements: Node,
  description:
    "A declared network. Each changed declaration makes a revision; each successful training makes a version.",
})
export class Model extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "The model's unique name." })
  name!: string;

  @Column("text")
  @Field({ description: "Free text; may be empty." })
  description!: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the first declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@Entity("model_revision")
@ObjectType({ implements: Node, description: "One declaration of a model with all defaults filled in; immutable." })
export class ModelRevision extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3, … within the model." })
  number!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of `spec`. Equal declarations have equal digests on every platform." })
  digest!: string;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description:
      "The declaration with all defaults filled in: inputs, layers with shapes, loss and metrics. On categories of the dataset, what follows from their number is resolved for each run; `declared` has it as it was declared.",
  })
  spec!: RevisionSpec;

  /** Null where it follows from the newest version of the dataset. */
  @Column("int", { name: "parameter_count", nullable: true })
  parameterCount!: number | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it.")
  actor!: Actor;
}
