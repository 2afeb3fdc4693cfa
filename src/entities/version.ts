import { Field, Int, ObjectType, registerEnumType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import { type FeatureType, type SplitPart, splitParts } from "../language/datasets/dataset.js";
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
  description: "A part of a dataset's rows.",
  valuesConfig: {
    TRAIN: { description: "Rows that train." },
    VALIDATION: { description: "Rows measured after every epoch; early stopping reads these." },
    TEST: { description: "Rows kept for the final evaluation and for promotion gates." },
  },
});

@ObjectType({ description: "One value a version takes or gives." })
export class SignatureField {
  @Field({ description: "The feature's name." })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "What its values are." })
  type!: FeatureType;

  @Cost({ length: 3 })
  @Field(() => [Int], { description: "As declared for the feature: of VECTOR, IMAGE and a SEQUENCE of vectors." })
  shape!: number[];

  @Cost({ length: 20 })
  @Field(() => [String], { description: "As declared for the feature: of CATEGORY and a SEQUENCE of categories." })
  categories!: string[];
}

@ObjectType({ description: "What `predict` takes for this version, as raw values, and what it answers." })
export class Signature {
  @Cost({ length: 30 })
  @Field(() => [SignatureField], { description: "Fields every row must have." })
  inputs!: SignatureField[];

  @Field(() => SignatureField, { description: "The predicted field." })
  output!: SignatureField;
}

@Entity("model_version")
@ObjectType({
  implements: Node,
  description: "The immutable outcome of a run: weights, fitted preprocessing, evaluation, lineage.",
})
export class ModelVersion extends Node {
  @PrimaryColumn("text")
  declare id: string;

  @Column("text", { name: "model_id" })
  modelId!: string;

  @Column("text", { name: "model_name" })
  modelName!: string;

  @Column("int")
  @Field(() => Int, { description: "1, 2, 3 … within the model, without gaps." })
  number!: number;

  @Column("text", { name: "run_id" })
  runId!: string;

  @Column("text", { name: "model_revision_id" })
  modelRevisionId!: string;

  @Column("text")
  @Field({ description: "`sha256:<hex>` over the weights alone: equal weights have an equal digest." })
  digest!: string;

  @Column("jsonb")
  @Field(() => Signature, { description: "What it takes and gives." })
  signature!: Signature;

  @Column("jsonb")
  @Field(() => JSONObjectScalar, {
    description:
      "What was fitted on the training rows, its own or those of the version it started from, so that `predict` takes raw ones: means and deviations, ranges, vocabularies, by feature.",
  })
  preprocessing!: FittedPreprocessing;

  @Column("timestamptz", { name: "created_at" })
  @Field({ description: "When it was registered." })
  createdAt!: Date;

  @Field({ description: "How to refer to it: `name/number`." })
  get ref(): string {
    return `${this.modelName}/${this.number}`;
  }
}

@Entity("evaluation")
@ObjectType({ description: "A metric of a version on one part of the data." })
export class Evaluation {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  /** Lower case, as in `language/`; written in upper case in GraphQL. */
  @PrimaryColumn("text", { name: "split" })
  part!: SplitPart;

  @PrimaryColumn("text")
  @Field({ description: "Such as `accuracy` or `loss`." })
  name!: string;

  @Column("double precision")
  @Field(() => NumberScalar, { description: "The value." })
  value!: number;

  @Column("text", { name: "undefined_reason", nullable: true })
  @Field(() => String, { nullable: true, description: undefinedReasonDescription })
  undefinedReason!: string | null;

  @Field(() => SplitPartEnum, { description: "The part of the data it was measured on." })
  get split(): "TRAIN" | "VALIDATION" | "TEST" {
    return this.part.toUpperCase() as "TRAIN" | "VALIDATION" | "TEST";
  }
}

@Entity("artifact")
@ObjectType({ description: "A file of a version." })
export class Artifact {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  @PrimaryColumn("text")
  @Field({ description: "Such as `weights.safetensors`." })
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
@ObjectType({ description: "A note on a version, for people and for filters." })
export class VersionTag {
  @PrimaryColumn("text", { name: "version_id" })
  versionId!: string;

  @PrimaryColumn("text")
  @Field({ description: "Unique within the version." })
  key!: string;

  @Column("text")
  @Field({ description: "Free text." })
  value!: string;

  @ActorColumn("Who set it.")
  actor!: Actor;
}
