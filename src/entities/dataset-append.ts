import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { enumOf } from "./enum.js";
import { Node } from "./node.js";

export const appendStates = ["OPEN", "COMMITTED", "ABORTED", "EXPIRED"] as const;
export type AppendState = (typeof appendStates)[number];

const AppendStateEnum = enumOf(appendStates);
registerEnumType(AppendStateEnum, {
  name: "AppendState",
  description: "State of a load in parts.",
  valuesConfig: {
    OPEN: { description: "Takes parts." },
    COMMITTED: { description: "Its rows are a dataset version." },
    ABORTED: { description: "Was given up; its rows are gone." },
    EXPIRED: { description: "No part came for a day; its rows are gone." },
  },
});

@Entity("dataset_append")
@ObjectType({
  implements: Node,
  description:
    "A load in parts: `beginAppend` starts it, `appendRows` adds parts, `commitAppend` makes them one version.",
})
export class DatasetAppend extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("text")
  @Field(() => AppendStateEnum, { description: "Whether it takes parts, or how it ended." })
  state!: AppendState;

  @Column("int", { name: "row_count" })
  @Field(() => Int, { description: "Number of rows in its parts." })
  rowCount!: number;

  @Column("int", { name: "part_count" })
  @Field(() => Int, { description: "Number of its parts." })
  partCount!: number;

  @Column("text", { name: "version_id", nullable: true })
  versionId!: string | null;

  @Column("timestamptz", { name: "expires_at" })
  @Field({ description: "When an open append expires. Every part sets it to a day later." })
  expiresAt!: Date;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time at which it was begun." })
  createdAt!: Date;

  @ActorColumn("Who began it.")
  actor!: Actor;
}

/** A part of an open append: a stored segment that belongs to no version yet. */
@Entity("append_segment")
export class AppendSegment {
  @PrimaryColumn("text", { name: "append_id" })
  appendId!: string;

  /** 0, 1, 2, … in the order in which the parts were committed. */
  @PrimaryColumn("int")
  place!: number;

  @Column("text")
  key!: string;

  /** A `StoredSegment`, which is `datasets`'. */
  @Column("json")
  segment!: object;
}
