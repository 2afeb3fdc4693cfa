import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";
import { Int64Scalar } from "./scalars.js";

export const importStates = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"] as const;
export type ImportState = (typeof importStates)[number];
const ImportStateEnum = enumOf(importStates);
registerEnumType(ImportStateEnum, {
  name: "ImportState",
  description: "The state of an import.",
  valuesConfig: {
    QUEUED: { description: "It waits for a server." },
    RUNNING: { description: "A server reads the file." },
    SUCCEEDED: { description: "Its rows are a version of the dataset." },
    FAILED: { description: "Nothing was imported; `problems` says why." },
    CANCELED: { description: "It was canceled; nothing was imported." },
  },
});

const count = { to: (value: number) => value, from: Number };

/** What is stored of an import's progress. */
export interface StoredProgress {
  rows: number;
  bytes: number;
}

@Entity("import")
@ObjectType({ implements: Node, description: "The reading of a file into a dataset: one version, or none." })
export class Import extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("text", { name: "upload_id" })
  uploadId!: string;

  @Column("text")
  @Field(() => ImportStateEnum, { description: "Its state." })
  state!: ImportState;

  @Column("text", { name: "on_invalid" })
  onInvalid!: "REFUSE" | "SKIP";

  @Column("jsonb")
  options!: { missingValues: string[] | null };

  @Column("int")
  fence!: number;

  @Column("jsonb")
  progress!: StoredProgress;

  @Column("bigint", { name: "skipped_rows", transformer: count })
  @Field(() => Int64Scalar, { description: "Rows that were left out because they do not fit." })
  skippedRows!: number;

  @Column("jsonb")
  problems!: unknown[];

  @Cost({ length: 10 })
  @Column("jsonb")
  @Field(() => [String], { description: "Warnings, such as columns of the file that have no feature." })
  warnings!: string[];

  @Column("text", { name: "version_id", nullable: true })
  versionId!: string | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was queued." })
  createdAt!: Date;

  @Column("timestamptz", { name: "started_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When a server began to read; null before." })
  startedAt!: Date | null;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When it ended; null before." })
  finishedAt!: Date | null;

  @ActorColumn("Who asked for it.")
  actor!: Actor;
}
