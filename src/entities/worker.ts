import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { OfferedDevice } from "./device.js";
import { Node } from "./node.js";

@Entity("worker")
@ObjectType({ implements: Node, description: "A process that executes runs." })
export class Worker extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "Name of its host." })
  host!: string;

  @Column("int")
  @Field(() => Int, { description: "Process id on that host." })
  pid!: number;

  /** In the order that `run.device.index` counts by. */
  @Column("jsonb")
  devices!: OfferedDevice[];

  @Column("int")
  @Field(() => Int, { description: "Total slots of its devices: the maximum number of runs that it executes at once." })
  slots!: number;

  @Column("timestamptz", { name: "started_at" })
  @Field({ description: "Time at which the worker registered." })
  startedAt!: Date;

  @Column("timestamptz", { name: "heartbeat_at" })
  @Field({ description: "Time of its last heartbeat." })
  heartbeatAt!: Date;
}
