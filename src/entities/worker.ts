import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { OfferedDevice } from "./device.js";
import { Node } from "./node.js";

@Entity("worker")
@ObjectType({ implements: Node, description: "A process that executes runs in its slots." })
export class Worker extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "The host it runs on." })
  host!: string;

  @Column("int")
  @Field(() => Int, { description: "Its process id on that host." })
  pid!: number;

  /** In the order that `run.device.index` counts by. */
  @Column("jsonb")
  devices!: OfferedDevice[];

  @Column("int")
  @Field(() => Int, { description: "Slots of all its devices together: the most runs that it executes at once." })
  slots!: number;

  @Column("timestamptz", { name: "started_at" })
  @Field({ description: "When it registered." })
  startedAt!: Date;

  @Column("timestamptz", { name: "heartbeat_at" })
  @Field({ description: "When it was last heard from." })
  heartbeatAt!: Date;
}
