import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { type RunState, RunStateEnum } from "./run.js";

@Entity("run_event")
@ObjectType({ description: "One entry of a run's log: a change of state, a checkpoint, a warning." })
export class RunEvent {
  @PrimaryColumn("text", { name: "run_id" })
  runId!: string;

  @PrimaryColumn("int")
  @Field(() => Int, { description: "1, 2, 3 … within the run, without gaps." })
  seq!: number;

  @Column("text")
  @Field({ description: "Such as `STATE_CHANGED`, `CHECKPOINT_SAVED` or `ROWS_SKIPPED`." })
  kind!: string;

  @Column("text", { name: "from_state", nullable: true })
  @Field(() => RunStateEnum, {
    nullable: true,
    description: "STATE_CHANGED: the state it left; null when it was created.",
  })
  from!: RunState | null;

  @Column("text", { name: "to_state", nullable: true })
  @Field(() => RunStateEnum, { nullable: true, description: "STATE_CHANGED: the state it entered." })
  to!: RunState | null;

  @Column("int")
  @Field(() => Int, { description: "The attempt it belongs to." })
  attempt!: number;

  @Column("text")
  @Field({ description: "For people." })
  message!: string;

  @Column("timestamptz")
  @Field({ description: "When it was committed." })
  at!: Date;

  @ActorColumn("Who did it; null for entries from before actors were recorded.", { nullable: true })
  actor!: Actor | null;
}
