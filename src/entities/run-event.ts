import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { type RunState, RunStateEnum } from "./run.js";

@Entity("run_event")
@ObjectType({ description: "One entry in a run's log, such as a change of state, a saved checkpoint or a warning." })
export class RunEvent {
  @PrimaryColumn("text", { name: "run_id" })
  runId!: string;

  @PrimaryColumn("int")
  @Field(() => Int, { description: "1, 2, 3, … within the run, without gaps." })
  seq!: number;

  @Column("text")
  @Field({ description: "Kind of the entry, such as `STATE_CHANGED`, `CHECKPOINT_SAVED` or `ROWS_SKIPPED`." })
  kind!: string;

  @Column("text", { name: "from_state", nullable: true })
  @Field(() => RunStateEnum, {
    nullable: true,
    description: "STATE_CHANGED: the previous state; null when the run was created. Null for other kinds.",
  })
  from!: RunState | null;

  @Column("text", { name: "to_state", nullable: true })
  @Field(() => RunStateEnum, { nullable: true, description: "STATE_CHANGED: the new state. Null for other kinds." })
  to!: RunState | null;

  @Column("int")
  @Field(() => Int, { description: "The attempt that the entry belongs to; 0 before the first." })
  attempt!: number;

  @Column("text")
  @Field({ description: "Explanation in plain text; may be empty." })
  message!: string;

  @Column("timestamptz")
  @Field({ description: "Time at which the entry was committed." })
  at!: Date;

  @ActorColumn("Who did it; null for entries from before actors were recorded.", { nullable: true })
  actor!: Actor | null;
}
