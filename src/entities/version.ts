import { Field, Float, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import { type FeatureType, type SplitPart, splitParts } from "../language/datasets/dataset.js";
import type { Breakdown } from "../language/metrics/breakdown.js";
import { type Actor, ActorColumn } from "./actor.js";
import { FeatureTypeEnum } from "./dataset.js";
import { enumOf } from "./enum.js";
import { Cost } from "./field-cost.js";
import { Node } from "./node.js";
import { undefinedReasonDescription } from "./run.js";
import { Int64Scalar, JSONObjectScalar, NumberScalar } from "./scalars.js";

export const SplitPartEnum = enumOf(splitParts.map((part) => part.toUpperCase()) as ["TRAIN", "VALIDATION", "TEST"]);
registerEnumType(SplitPartEnum, {
  name: "SplitPart",
  description: "One of the three parts of a dataset's rows.",
  valuesConfig: {
    TRAIN: { description: "Training rows." },
    VALIDATION: { description: "Validation rows: evaluated after every epoch, and used by early stopping." },
    TEST: { description: "Test rows: used for the final evaluation and for promotion gates." },
  },
});

@ObjectType({ description: "One input or the output of a version." })
export class SignatureField {
  @Field({ description: "Name of the feature." })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "Type of its values." })
  type!: FeatureType;

  @Cost({ length: 3 })
  @Field(() => [Int], {
    description: "Declared shape of a VECTOR, an IMAGE or a SEQUENCE of vectors; otherwise empty.",
  })
  shape!: number[];

  /** Those of the dataset's list are stored there. */
  @Cost({ length: 20 })
  @Field(() => [String], {
    description:
      "Categories of a CATEGORY or a SEQUENCE of categories that the version knows, at most the first 10,000; otherwise empty.",
  })
  categories!: string[];

  /** Where the dataset keeps the list: how many of its first categories the version knows. */
  categoryList?: { datasetId: string; count: number };
}

@ObjectType({ description: "The raw values that `predict` takes for a version, and the one that it returns." })
export class Signature {
  @Cost({ length: 30 })
  @Field(() => [SignatureField], { description: "The fields that every row must have." })
  inputs!: SignatureField[];

  @Field(() => SignatureField, { description: "The predicted feature." })
  output!: SignatureField;
}

@ObjectType({ description: "How a version tells classes apart." })
export class Decision {
  @Field(() => String, {
    nullable: true,
    description:
      "The class that metrics of two classes are about: `true` of a BINARY target, else the declared `positiveCategory` or the second. Null where there are more classes.",
  })
  positiveCategory!: string | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "The probability above which the positive class is predicted: declared, chosen on the validation rows, or 0.5 of a BINARY target. Null where the most probable category is predicted.",
  })
  threshold!: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "What the output before its activation is divided by, found on the validation rows; null without `calibration`.",
  })
  temperature!: number | null;
}

@Entity("model_version")
@ObjectType({
  implements: Node,
  description: "The immutable result of a successful run: weights, fitted preprocessing, evaluation and lineage.",
})
export class ModelVersion extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("text", { name: "model_name" })
  modelName!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3, … within the model, without gaps." })
  number!: number;

  @Column("text", { name: "run_id" })
  runId!: string;

  @Column("text", { name: "model_revision_id" })
  modelRevisionId!: string;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of the weights alone: equal weights have equal digests." })
  digest!: string;

  @Column("jsonb")
  @Field(() => Signature, { description: "Its inputs and its output." })
  signature!: Signature;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description:
      "Statistics for preprocessing by feature (means, ranges, vocabularies), fitted on the training rows or taken from the version that it was fine-tuned from; and `decision`.",
  })
  preprocessing!: FittedPreprocessing;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "Time of the registration." })
  createdAt!: Date;

  @Field({ description: "Reference to the version: `name/number`." })
  get ref(): string {
    return `${this.modelName}/${this.number}`;
  }
}

@Entity("evaluation")
@ObjectType({ description: "The value of one metric of a version on one part of the rows." })
export class Evaluation {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  /** Lower case, as in `language/`; written in upper case in GraphQL. */
  @PrimaryColumn("text", { name: "split" })
  part!: SplitPart;

  @PrimaryColumn("text")
  @Field({ description: "Name of the metric, such as `accuracy` or `loss`." })
  name!: string;

  @Column("double precision")
  @Field(() => NumberScalar, { description: "The value; NaN when the metric is undefined." })
  value!: number;

  @Column("text", { name: "undefined_reason", nullable: true })
  @Field(() => String, { nullable: true, description: undefinedReasonDescription })
  undefinedReason!: string | null;

  @Field(() => SplitPartEnum, { description: "The part of the rows that it was measured on." })
  get split(): "TRAIN" | "VALIDATION" | "TEST" {
    return this.part.toUpperCase() as "TRAIN" | "VALIDATION" | "TEST";
  }
}

/** What was measured of a version's single outputs, such as its quantiles, on one part of the rows. */
@Entity("evaluation_breakdown")
export class EvaluationBreakdown {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  @PrimaryColumn("text", { name: "split" })
  part!: SplitPart;

  @Column("jsonb")
  breakdown!: Breakdown;
}

@Entity("artifact")
@ObjectType({ description: "A file that belongs to a version." })
export class Artifact {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  @PrimaryColumn("text")
  @Field({ description: "File name: `weights.safetensors` or `model.onnx`." })
  name!: string;

  @Column("text", { name: "object_key" })
  objectKey!: string;

  @Column("bigint", { name: "size_bytes", transformer: { to: (v: number) => v, from: Number } })
  @Field(() => Int64Scalar, { description: "Size in bytes." })
  sizeBytes!: number;

  @Column("text")
  @Field({ description: "`sha256:<hex>` of the file." })
  digest!: string;
}

@Entity("version_tag")
@ObjectType({ description: "A key with a value, attached to a version. Lists of versions can be filtered by it." })
export class VersionTag {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  @PrimaryColumn("text")
  @Field({ description: "The tag's key; unique within the version." })
  key!: string;

  @Column("text")
  @Field({ description: "The tag's value; free text." })
  value!: string;

  @ActorColumn("Who set it.")
  actor!: Actor;
}
