import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Node } from "./node.js";
import { Int64Scalar, NumberScalar } from "./scalars.js";

@Entity("checkpoint")
@ObjectType({
  implements: Node,
  description: "Everything needed to go on training from one step, stored as a safetensors file.",
})
export class Checkpoint extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "run_id" })
  runId!: string;

  @Column("int")
  @Field(() => Int, { description: "The attempt that wrote it." })
  attempt!: number;

  @Column("int")
  @Field(() => Int, { description: "Optimizer steps done when it was taken." })
  step!: number;

  @Column("int")
  @Field(() => Int, { description: "Epochs completed when it was taken." })
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
      "How good it is: what early stopping monitors, or else `val_loss` (`epoch_loss` without validation rows), of the epoch that ended with it. Null within an epoch, whose weights nothing measured, and where that is no finite number: such a one is never among the best.",
  })
  monitored!: number | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was committed." })
  createdAt!: Date;
}
