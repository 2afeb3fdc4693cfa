import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { ModelSpec } from "../language/models/model.js";
import { type Actor, ActorColumn } from "./actor.js";
import { Node } from "./node.js";
import { JSONObjectScalar } from "./scalars.js";

@Entity("model")
@ObjectType({
  implements: Node,
  description: "A declared network. Each different declaration is a revision; each training makes a version.",
})
export class Model extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "How runs, policies and predictions refer to it; unique." })
  name!: string;

  @Column("text")
  @Field({ description: "For people." })
  description!: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was first declared." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@Entity("model_revision")
@ObjectType({ implements: Node, description: "One declaration of a model, with every default resolved; immutable." })
export class ModelRevision extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3 … within the model." })
  number!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of `spec`; the same declaration has the same digest anywhere." })
  digest!: string;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description: "The resolved declaration: inputs, layers with shapes and defaults, loss, metrics.",
  })
  spec!: ModelSpec;

  @Column("int", { name: "parameter_count" })
  @Field(() => Int, { description: "Weights of the network, trainable or not." })
  parameterCount!: number;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was declared." })
  createdAt!: Date;

  @ActorColumn("Who declared it.")
  actor!: Actor;
}
