import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Node } from "./node.js";
import { Int64Scalar, NumberScalar } from "./scalars.js";

@Entity("checkpoint")
@ObjectType({
  implements: Node,
  description:
    "The state of a training after one step, stored as a safetensors file. A run resumes from its newest intact checkpoint.",
})
export class Checkpoint extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "run_id" })
  runId!: string;

  @Column("int")
  @Field(() => Int, { description: "The attempt that saved it." })
  attempt!: number;

  @Column("int")
  @Field(() => Int, { description: "Optimizer steps completed when it was saved." })
  step!: number;

  @Column("int")
  @Field(() => Int, { description: "Epochs completed when it was saved." })
  epoch!: number;

  @Column("text", { name: "object_key" })
  objectKey!: string;

  @Column("bigint", { name: "size_bytes", transformer: { to: (v: number) => v, from: Number } })
  @Field(() => Int64Scalar, { description: "Size of the file in bytes." })
  sizeBytes!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of the file." })
  digest!: string;

  @Column("double precision", { nullable: true })
  @Field(() => NumberScalar, {
    nullable: true,
    description:
      "Value of the metric that early stopping monitors (else of `val_loss` or `epoch_loss`) at the end of its epoch. Null within an epoch or if not finite: such checkpoints never count as best.",
  })
  monitored!: number | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time at which it was committed." })
  createdAt!: Date;
}
