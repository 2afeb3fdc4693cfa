import { Field, Float, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { Feature, Resize, Split, SplitPart, SplitTime } from "../language/datasets/dataset.js";
import { resizing } from "../language/datasets/feature-fields.js";
import { featureTypeChoices } from "../language/datasets/feature-types.js";
import { type Actor, ActorColumn } from "./actor.js";
import { enumFor } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";

export const FeatureTypeEnum = enumFor(featureTypeChoices);
const ResizeEnum = enumFor(resizing);

@ObjectType("Feature", { description: "One column of a dataset." })
export class FeatureObject implements Feature {
  @Field({ description: "The feature's name; unique within the dataset." })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "The type of its values." })
  type!: Feature["type"];

  @Field({ description: "Free text; empty when none was declared." })
  description!: string;

  @Cost({ length: 20 })
  @Field(() => [String], {
    description:
      "CATEGORY and LABELS: the values, in the order of their codes, at most the first 10,000: see `categoryList`. SEQUENCE of categories: the allowed elements. Otherwise empty.",
  })
  categories!: string[];

  /** Set where the dataset keeps the list. */
  datasetId?: string;

  @Cost({ length: 3 })
  @Field(() => [Int], {
    description:
      "VECTOR: [length]. IMAGE: [height, width, channels]. SEQUENCE of vectors: [length of one vector]. Otherwise empty.",
  })
  shape!: number[];

  @Field(() => ResizeEnum, {
    nullable: true,
    description: "IMAGE: how files of another size are resized; null when they are refused.",
  })
  resize?: Resize;

  nullable?: true;
}

@ObjectType("SplitTime", { description: "How a split divides rows by time." })
export class SplitTimeObject implements SplitTime {
  @Field({ description: "The feature that tells when a row happened." })
  feature!: string;

  @Field(() => String, {
    nullable: true,
    description: "Rows from this instant on are validation rows; null without one.",
  })
  validationFrom?: string;

  @Field(() => String, {
    nullable: true,
    description: "Rows from this instant on are test rows; null without one.",
  })
  testFrom?: string;
}

@ObjectType("Split", {
  description:
    "How rows are divided into training, validation and test rows: by a hash of the ordinal or of a key, by strata, by time, or by a feature. A row's part never changes.",
})
export class SplitObject implements Split {
  @Field(() => Float, { description: "Share of the training rows, 0 to 1." })
  train!: number;

  @Field(() => Float, { description: "Share of the validation rows, 0 to 1; they are evaluated after every epoch." })
  validation!: number;

  @Field(() => Float, {
    description: "Share of the test rows, 0 to 1; they are used for the final evaluation and for promotion gates.",
  })
  test!: number;

  @Field(() => String, {
    nullable: true,
    description: "The feature whose value is hashed; null when the row's ordinal is hashed.",
  })
  key!: string | null;

  @Field(() => Int, { description: "Seed of the hash." })
  seed!: number;

  @Cost({ length: 10 })
  @Field(() => [String], {
    nullable: true,
    description: "The features whose values together are hashed; null unless there are several.",
  })
  keys?: string[];

  @Field(() => String, {
    nullable: true,
    description: "The feature each of whose values has the shares; null when rows are not stratified.",
  })
  stratifyBy?: string;

  @Field(() => SplitTimeObject, { nullable: true, description: "How time divides the rows; null when it does not." })
  time?: SplitTime;

  @Field(() => String, {
    nullable: true,
    description: "The feature that names each row's part, whatever the shares; null when none does.",
  })
  column?: string;
}

@Entity("dataset")
@ObjectType({
  implements: Node,
  description: "A declared table. Rows are only ever added; every append creates a new immutable version.",
})
export class Dataset extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text")
  @Field({ description: "The dataset's unique name." })
  name!: string;

  @Column("text")
  @Field({ description: "Free text; may be empty." })
  description!: string;

  @Column("jsonb")
  @Cost({ length: 30 })
  @Field(() => [FeatureObject], { description: "The columns, in declared order." })
  features!: Feature[];

  @Column("jsonb")
  @Field(() => SplitObject, { description: "How rows are divided into training, validation and test rows." })
  split!: Split;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of the declaration with all defaults resolved." })
  digest!: string;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the first declaration." })
  createdAt!: Date;

  @ActorColumn("Who declared it as it is now.")
  actor!: Actor;
}

@ObjectType({ description: "Row counts of the three parts of a dataset version." })
export class SplitCounts implements Record<SplitPart, number> {
  @Field(() => Int, { description: "Number of training rows." })
  train!: number;

  @Field(() => Int, { description: "Number of validation rows." })
  validation!: number;

  @Field(() => Int, { description: "Number of test rows." })
  test!: number;
}

@Entity("dataset_version")
@ObjectType({ implements: Node, description: "The rows of a dataset after one append; immutable." })
export class DatasetVersion extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "dataset_id" })
  datasetId!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3, … within the dataset, without gaps." })
  number!: number;

  @Column("int", { name: "row_count" })
  @Field(() => Int, { description: "Number of rows, including those of earlier appends." })
  rowCount!: number;

  @Column("int", { name: "added_row_count" })
  @Field(() => Int, { description: "Number of rows that this append added." })
  addedRowCount!: number;

  @Column("jsonb", { name: "split_counts" })
  @Field(() => SplitCounts, { description: "Number of rows in each part, including those of earlier appends." })
  splitCounts!: Record<SplitPart, number>;

  @Column("text")
  @Field({
    description:
      "`sha256:<hex>` of the contents of all appends, in order. The same rows in the same appends have the same digest on every platform.",
  })
  digest!: string;

  /** How many categories each feature that declares none has: as many from the beginning of the dataset's list. */
  @Column("jsonb", { name: "category_counts" })
  categoryCounts!: Record<string, number>;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time at which the append was committed." })
  createdAt!: Date;

  @ActorColumn("Who appended the rows.")
  actor!: Actor;
}

/** Where rows that a version added lie: a Parquet file in the object store. */
@Entity("dataset_segment")
export class DatasetSegment {
  @PrimaryColumn("text", { name: "dataset_version_id" })
  datasetVersionId!: string;

  /** 0, 1, 2, … in the order of the version's rows. */
  @PrimaryColumn("int")
  place!: number;

  @Column("text")
  key!: string;

  @Column("text")
  sha256!: string;

  @Column("bigint", { name: "size_bytes", transformer: { to: (v: number) => v, from: Number } })
  sizeBytes!: number;

  @Column("int", { name: "row_count" })
  rowCount!: number;
}
