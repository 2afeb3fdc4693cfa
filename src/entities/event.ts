import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { Problem } from "../language/fields/problem.js";
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
  description: "The kind of an entry in a model's history.",
  valuesConfig: {
    VERSION_REGISTERED: { description: "A run succeeded and registered a new version." },
    ALIAS_MOVED: { description: "An alias was created or moved to another version; `reason` says why." },
    ALIAS_DELETED: { description: "An alias was deleted." },
    RETRAINING_STARTED: { description: "A retraining policy queued a run, or such a run was retried." },
    RETRAINING_FAILED: { description: "A run of a retraining policy FAILED or was CANCELED." },
    PROMOTION_REFUSED: {
      description:
        "A retrained version did not get the alias: it failed the gate, could not be compared, or the alias had moved. `reason` says which.",
    },
  },
});

@Entity("model_event")
@ObjectType({ description: "One entry in a model's history." })
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
  @Field(() => String, { nullable: true, description: "The alias that the entry is about; null when there is none." })
  alias!: string | null;

  @Column("text", { nullable: true })
  @Field(() => String, { nullable: true, description: "Explanation in plain text; null when there is none." })
  reason!: string | null;

  @Column("timestamptz")
  @Field({ description: "Time at which the entry was committed." })
  at!: Date;

  @ActorColumn("Who did it; null for entries from before actors were recorded.", { nullable: true })
  actor!: Actor | null;
}

export const datasetEventKinds = ["DECLARED", "ROWS_APPENDED", "ROWS_FLAGGED"] as const;
export type DatasetEventKind = (typeof datasetEventKinds)[number];
const DatasetEventKindEnum = enumOf(datasetEventKinds);
registerEnumType(DatasetEventKindEnum, {
  name: "DatasetEventKind",
  description: "The kind of an entry in a dataset's history.",
  valuesConfig: {
    DECLARED: { description: "The dataset was declared or its declaration changed." },
    ROWS_APPENDED: { description: "Rows were appended, which made a new version." },
    ROWS_FLAGGED: {
      description: "Appended rows are conspicuous; `problems` says in what. They are part of the version.",
    },
  },
});

@Entity("dataset_event")
@ObjectType({ description: "One entry in a dataset's history." })
export class DatasetEvent {
  @PrimaryColumn("text", { name: "dataset_id" })
  datasetId!: string;

  @PrimaryColumn("int")
  @Field(() => Int, { description: "1, 2, 3, … within the dataset." })
  seq!: number;

  @Column("text")
  @Field(() => DatasetEventKindEnum, { description: "What happened." })
  kind!: DatasetEventKind;

  @Column("text", { name: "version_id", nullable: true })
  versionId!: string | null;

  /** What is conspicuous about the rows; null where nothing is. The API's field is `graphql/nouns/dataset.ts`'s. */
  @Column("jsonb", { nullable: true })
  problems!: Problem[] | null;

  @Column("timestamptz")
  @Field({ description: "Time at which the entry was committed." })
  at!: Date;

  @ActorColumn("Who did it.")
  actor!: Actor;
}
