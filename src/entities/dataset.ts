import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import {
  type Feature,
  featureTypes,
  type Resize,
  resizeMethods,
  type Split,
  type SplitPart,
} from "../language/datasets/dataset.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";

export const FeatureTypeEnum = enumOf(featureTypes);
registerEnumType(FeatureTypeEnum, {
  name: "FeatureType",
  description: "The type of a feature's values.",
  valuesConfig: {
    NUMBER: { description: "A finite number." },
    BINARY: { description: "`true` or `false`." },
    CATEGORY: { description: "One of the strings in the feature's `categories`." },
    VECTOR: { description: "A list of numbers; `shape` declares its length." },
    IMAGE: {
      description:
        "Numbers of shape [height, width, channels], nested or flat; or a PNG or JPEG file in base64 or as a `data:` URL, decoded to numbers from 0 to 255 when it arrives.",
    },
    TEXT: { description: "A string of at most 1,000,000 characters; may be empty." },
    SEQUENCE: {
      description:
        "A list of at most 1,000,000 numbers, vectors of `shape[0]` numbers, or `categories`, whichever is declared; may be empty.",
    },
    TIMESTAMP: {
      description:
        'An instant in ISO 8601 with a time zone, such as `"2026-03-01T12:00:00Z"`, to the millisecond; or a date, which means midnight UTC. Numbers are refused because their unit is unknown.',
    },
  },
});

export const ResizeEnum = enumOf(resizeMethods);
registerEnumType(ResizeEnum, {
  name: "ResizeMethod",
  description: "How an image file is brought to the declared height and width.",
  valuesConfig: {
    STRETCH: { description: "Scales height and width independently; the aspect ratio may change." },
    CROP: { description: "Scales until the image covers the declared size, then crops evenly at the borders." },
    PAD: { description: "Scales until the image fits into the declared size, then pads evenly with black." },
  },
});

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
      "CATEGORY: the allowed values, in the order of their codes. SEQUENCE of categories: the allowed elements. Otherwise empty.",
  })
  categories!: string[];

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
}

@ObjectType("Split", {
  description:
    "Shares of the training, validation and test rows. A hash of the row's ordinal (or of the feature `key`) assigns its part, which never changes.",
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

  /** Where the added rows lie: one Parquet segment. */
  @Column("text", { name: "segment_key" })
  segmentKey!: string;

  @Column("text", { name: "segment_sha256" })
  segmentSha256!: string;

  @Column("bigint", { name: "segment_size_bytes", transformer: { to: (v: number) => v, from: Number } })
  segmentSizeBytes!: number;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time at which the append was committed." })
  createdAt!: Date;
}
