import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { enumOf } from "./enum.js";

export const modelEventKinds = [
  "VERSION_REGISTERED",
  "ALIAS_MOVED",
  "ALIAS_DELETED",
  "RETRAINING_STARTED",
  "RETRAINING_FAILED",
  "PROMOTION_REFUSED",
] as const;
export type ModelEventKind = (typeof modelEventKinds)[number];
const ModelEventKindEnum = enumOf(modelEventKinds);
registerEnumType(ModelEventKindEnum, {
  name: "ModelEventKind",
  description: "What happened to a model.",
  valuesConfig: {
    VERSION_REGISTERED: { description: "A run succeeded and its version was numbered." },
    ALIAS_MOVED: { description: "An alias points to another version; `reason` says why." },
    ALIAS_DELETED: { description: "An alias was removed." },
    RETRAINING_STARTED: { description: "A policy's trigger fired and queued a run, or such a run was retried." },
    RETRAINING_FAILED: { description: "A policy's run FAILED or was CANCELED." },
    PROMOTION_REFUSED: {
      description:
        "The challenger did not take the alias: it did not pass the gate, could not be compared, or the alias had moved meanwhile. `reason` tells, with both measurements where they decided.",
    },
  },
});

@Entity("model_event")
@ObjectType({ description: "One entry of a model's history." })
export class ModelEvent {
  @PrimaryColumn("text", { name: "model_id" })
  modelId!: string;

  @PrimaryColumn("int")
  seq!: number;

  @Column("text")
  @Field(() => ModelEventKindEnum, { description: "What happened." })
  kind!: ModelEventKind;

  @Column("text", { name: "version_id", nullable: true })
  versionId!: string | null;

  @Column("text", { name: "run_id", nullable: true })
  runId!: string | null;

  @Column("text", { nullable: true })
  @Field(() => String, { nullable: true, description: "The alias concerned, if any." })
  alias!: string | null;

  @Column("text", { nullable: true })
  @Field(() => String, { nullable: true, description: "Why, for people." })
  reason!: string | null;

  @Column("timestamptz")
  @Field({ description: "When it was committed." })
  at!: Date;

  @ActorColumn("Who did it; null for entries from before actors were recorded.", { nullable: true })
  actor!: Actor | null;
}

export const datasetEventKinds = ["DECLARED", "ROWS_APPENDED"] as const;
export type DatasetEventKind = (typeof datasetEventKinds)[number];
const DatasetEventKindEnum = enumOf(datasetEventKinds);
registerEnumType(DatasetEventKindEnum, {
  name: "DatasetEventKind",
  description: "What happened to a dataset.",
  valuesConfig: {
    DECLARED: { description: "It was declared, or declared differently." },
    ROWS_APPENDED: { description: "An append sealed a new version." },
  },
});

@Entity("dataset_event")
@ObjectType({ description: "One entry of a dataset's history." })
export class DatasetEvent {
  @PrimaryColumn("text", { name: "dataset_id" })
  datasetId!: string;

  @PrimaryColumn("int")
  @Field(() => Int, { description: "1, 2, 3 … within the dataset." })
  seq!: number;

  @Column("text")
  @Field(() => DatasetEventKindEnum, { description: "What happened." })
  kind!: DatasetEventKind;

  @Column("text", { name: "version_id", nullable: true })
  versionId!: string | null;

  @Column("timestamptz")
  @Field({ description: "When it was committed." })
  at!: Date;

  @ActorColumn("Who did it.")
  actor!: Actor;
}
