import { Field, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";

@Entity("alias")
@ObjectType({
  description: "A name for one version of a model, such as `champion`. Move it with `setAlias`.",
})
export class Alias {
  @PrimaryColumn("text", { name: "model_id" })
  modelId!: string;

  @PrimaryColumn("text")
  @Field({ description: "The alias's name; unique within the model." })
  name!: string;

  @Column("text", { name: "version_id" })
  versionId!: string;

  @Column("text", { name: "previous_version_id", nullable: true })
  previousVersionId!: string | null;

  @Column("timestamptz", { name: "moved_at" })
  @Field({ description: "Time of the last move." })
  movedAt!: Date;
}

@Entity("alias_move")
@ObjectType({ description: "One move of an alias." })
export class AliasMove {
  @PrimaryColumn("text", { name: "model_id" })
  modelId!: string;

  @PrimaryColumn("text")
  name!: string;

  @PrimaryColumn("int")
  seq!: number;

  @Column("text", { name: "from_version_id", nullable: true })
  fromVersionId!: string | null;

  @Column("text", { name: "to_version_id", nullable: true })
  toVersionId!: string | null;

  @Column("text")
  @Field({ description: "Why the alias moved." })
  reason!: string;

  @Column("timestamptz")
  @Field({ description: "Time of the move." })
  at!: Date;

  @ActorColumn("Who moved it; null for moves from before actors were recorded.", { nullable: true })
  actor!: Actor | null;
}
