import { Field, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import type { ImportState, StoredProgress } from "./import.js";
import { Node } from "./node.js";
import { Int64Scalar } from "./scalars.js";

/** The formats of exported files. */
export const exportFormats = ["PARQUET", "CSV", "NDJSON"] as const;
export type ExportFormat = (typeof exportFormats)[number];

export const ExportFormatEnum = enumOf(exportFormats);
registerEnumType(ExportFormatEnum, {
  name: "ExportFormat",
  description: "The format of an exported file.",
  valuesConfig: {
    PARQUET: { description: "Apache Parquet, with lists, booleans and instants as such." },
    CSV: { description: "Comma-separated text: an empty cell is a missing value, and lists are JSON." },
    NDJSON: { description: "One JSON object a line." },
  },
});

const exportStates = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELED"] as const satisfies ImportState[];
const ExportStateEnum = enumOf(exportStates);
registerEnumType(ExportStateEnum, {
  name: "ExportState",
  description: "The state of an export.",
  valuesConfig: {
    QUEUED: { description: "It waits for a server." },
    RUNNING: { description: "A server writes the file." },
    SUCCEEDED: { description: "The file can be downloaded, as long as it is kept." },
    FAILED: { description: "There is no file; `error` says why." },
    CANCELED: { description: "It was canceled; there is no file." },
  },
});

const bigint = { to: (value: number | null) => value, from: (value: string | null) => value && Number(value) };

@Entity("dataset_export")
@ObjectType({ implements: Node, description: "The rows of a dataset version as one file, for download." })
export class DatasetExport extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "dataset_version_id" })
  versionId!: string;

  @Column("text")
  @Field(() => ExportFormatEnum, { description: "The format of the file." })
  format!: ExportFormat;

  @Column("text")
  @Field(() => ExportStateEnum, { description: "Its state." })
  state!: ImportState;

  @Column("int")
  fence!: number;

  @Column("jsonb")
  progress!: StoredProgress;

  @Cost({ length: 10 })
  @Column("jsonb")
  @Field(() => [String], { description: "Warnings, such as columns that could not keep their names." })
  warnings!: string[];

  @Column("text", { nullable: true })
  @Field(() => String, { nullable: true, description: "Why it FAILED, in plain text; else null." })
  error!: string | null;

  @Column("text", { name: "object_key", nullable: true })
  objectKey!: string | null;

  @Column("bigint", { name: "size_bytes", nullable: true, transformer: bigint })
  @Field(() => Int64Scalar, { nullable: true, description: "Size of the file in bytes; null before it is written." })
  sizeBytes!: number | null;

  @Column("text", { nullable: true })
  sha256!: string | null;

  @Column("timestamptz", { name: "kept_until", nullable: true })
  @Field(() => Date, {
    nullable: true,
    description: "Until when the file is kept: a day after it was written. Null before, and once it is gone.",
  })
  keptUntil!: Date | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was queued." })
  createdAt!: Date;

  @Column("timestamptz", { name: "started_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When a server began to write; null before." })
  startedAt!: Date | null;

  @Column("timestamptz", { name: "finished_at", nullable: true })
  @Field(() => Date, { nullable: true, description: "When it ended; null before." })
  finishedAt!: Date | null;

  @ActorColumn("Who asked for it.")
  actor!: Actor;
}
