import { Field, Float, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { Feature, Resize, Split, SplitPart } from "../language/datasets/dataset.js";
import { resizing } from "../language/datasets/feature-fields.js";
import { featureTypeChoices } from "../language/datasets/feature-types.js";
import { enumFor } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";

export const FeatureTypeEnum = enumFor(featureTypeChoices);
const ResizeEnum = enumFor(resizing);

@ObjectType("Feature", { description: "One column of a dataset." })
export class FeatureObject implements Feature {
  @Field({ description: "Unique within the dataset." })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "What its values are." })
  type!: Feature["type"];

  @Field({ description: "For people; empty when none was declared." })
  description!: string;

  @Cost({ length: 20 })
  @Field(() => [String], {
    description:
      "CATEGORY: the values it may take, in the order of their codes. SEQUENCE of categories: those of its elements. Else empty.",
  })
  categories!: string[];

  @Cost({ length: 3 })
  @Field(() => [Int], {
    description:
      "VECTOR: [length]. IMAGE: [height, width, channels]. SEQUENCE of vectors: [length] of each. Else empty.",
  })
  shape!: number[];

  @Field(() => ResizeEnum, {
    nullable: true,
    description: "IMAGE: what is done with files of another size; null where they are refused.",
  })
  resize?: Resize;
}

@ObjectType("Split", {
  description:
    "The shares of rows that train, validate and test. A row's part follows from a hash of its ordinal (or of the feature `key`) and never changes.",
})
export class SplitObject implements Split {
  @Field(() => Float, { description: "Share of rows that train." })
  train!: number;

  @Field(() => Float, { description: "Share of rows measured after every epoch; early stopping reads these." })
  validation!: number;

  @Field(() => Float, { description: "Share of rows kept for the final evaluation and for promotion gates." })
  test!: number;

  @Field(() => String, {
    nullable: true,
    description: "The feature whose value decides the part; null: the row's ordinal.",
  })
  key!: string | null;

  @Field(() => Int, { description: "Seed of the hash." })
  seed!: number;
}

@Entity("dataset")
@ObjectType({
  implements: Node,
  description: "A declared table of rows. It only grows: every append seals a new version.",
})
export class Dataset extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "How declarations refer to it; unique." })
  name!: string;

  @Column("text")
  @Field({ description: "For people." })
  description!: string;

  @Column("jsonb")
  @Cost({ length: 30 })
  @Field(() => [FeatureObject], { description: "Its columns, in declared order." })
  features!: Feature[];

  @Column("jsonb")
  @Field(() => SplitObject, { description: "How rows are divided into training, validation and test parts." })
  split!: Split;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of the declaration with all defaults resolved." })
  digest!: string;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was first declared." })
  createdAt!: Date;
}

@ObjectType({ description: "How many rows of a dataset version train, validate and test." })
export class SplitCounts implements Record<SplitPart, number> {
  @Field(() => Int, { description: "Rows that train." })
  train!: number;

  @Field(() => Int, { description: "Rows measured after every epoch." })
  validation!: number;

  @Field(() => Int, { description: "Rows kept for the final evaluation." })
  test!: number;
}

@Entity("dataset_version")
@ObjectType({ implements: Node, description: "The dataset as it stood after one append; immutable." })
export class DatasetVersion extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3 … within the dataset, without gaps." })
  number!: number;

  @Column("int", { name: "row_count" })
  @Field(() => Int, { description: "Rows in this version, all earlier appends included." })
  rowCount!: number;

  @Column("int", { name: "added_row_count" })
  @Field(() => Int, { description: "Rows that this version added." })
  addedRowCount!: number;

  @Column("jsonb", { name: "split_counts" })
  @Field(() => SplitCounts, { description: "Rows of each part, all earlier appends included." })
  splitCounts!: Record<SplitPart, number>;

  @Column("text")
  @Field({
    description:
      "`sha256:<hex>` over the contents of all rows, append by append: the same rows in the same appends have the same digest anywhere.",
  })
  digest!: string;

  /** Where the added rows lie: one Parquet segment. */
  @Column("text", { name: "segment_key" })
  segmentKey!: string;

  @Column("text", { name: "segment_sha256" })
  segmentSha256!: string;

  @Column("bigint", { name: "segment_size_bytes", transformer: { to: (v: number) => v, from: Number } })
  segmentSizeBytes!: number;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When the append was committed." })
  createdAt!: Date;
}
