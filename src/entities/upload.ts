import { Field, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { type Actor, ActorColumn } from "./actor.js";
import { Node } from "./node.js";
import { Int64Scalar } from "./scalars.js";

const bigint = { to: (value: number | null) => value, from: (value: string | null) => value && Number(value) };

@Entity("upload")
@ObjectType({ implements: Node, description: "A file for an import, put under a signed URL." })
export class Upload extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "file_name" })
  @Field({ description: "The file's name, as its owner calls it." })
  fileName!: string;

  /** What the signature of the URL is made with. */
  @Column("text")
  secret!: string;

  @Column("timestamptz", { name: "expires_at" })
  @Field({ description: "When the URL expires." })
  expiresAt!: Date;

  /** Until when the bytes are kept; null once they are given up. */
  @Column("timestamptz", { name: "kept_until", nullable: true })
  keptUntil!: Date | null;

  @Column("text", { name: "object_key", nullable: true })
  objectKey!: string | null;

  @Column("bigint", { name: "size_bytes", nullable: true, transformer: bigint })
  @Field(() => Int64Scalar, { nullable: true, description: "Its size in bytes; null before the bytes have come." })
  sizeBytes!: number | null;

  @Column("text", { nullable: true })
  sha256!: string | null;

  @Column("timestamptz", { name: "pinned_at", nullable: true })
  @Field(() => Date, {
    nullable: true,
    description: "Since when no other bytes are taken: the first `inferDataset` or `importUpload`; null before it.",
  })
  pinnedAt!: Date | null;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was created." })
  createdAt!: Date;

  @ActorColumn("Who created it.")
  actor!: Actor;
}
