import { Field, Float, InputType, Int } from "type-graphql";
import type { AppendDeclaration } from "../../datasets/append.js";
import { FeatureTypeEnum, ResizeEnum } from "../../entities/dataset.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import type { DatasetDeclaration, FeatureDeclaration, FeatureType, Resize } from "../../language/datasets/dataset.js";
import { DeclarationInput, MutationInput } from "./fields.js";

@InputType({ description: "One column of a dataset." })
export class FeatureInput implements FeatureDeclaration {
  @Field({
    description: "1 to 63 letters, digits and underscores, not beginning with a digit; unique, ignoring case.",
  })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "What its values are." })
  type!: FeatureType;

  @Field(() => String, { nullable: true, description: "For people; at most 4,000 characters. Default: empty." })
  description?: string | null;

  @Field(() => [String], {
    nullable: true,
    description:
      "CATEGORY, and there required: the values it may take, 2 to 10,000 of them, in the order of their codes. SEQUENCE: likewise of its elements, where they are categories. Not allowed elsewhere.",
  })
  categories?: string[] | null;

  @Field(() => [Int], {
    nullable: true,
    description:
      "Entries 1 to 1,000,000. VECTOR: `[length]`. IMAGE: `[height, width, channels]`. Required there. SEQUENCE: `[length]` where its elements are vectors. Not allowed elsewhere.",
  })
  shape?: number[] | null;

  @Field(() => ResizeEnum, {
    nullable: true,
    description: "IMAGE only: how files of another size are brought to the shape. Default: they are refused.",
  })
  resize?: Resize | null;
}

@InputType({
  description:
    "The shares of rows that train, validate and test, which sum to 1. Where `train` is given, what is left goes to whichever is missing, or half to each; otherwise `validation` and `test` are 0.1 unless given, and `train` is the rest.",
})
export class SplitInput implements NonNullable<DatasetDeclaration["split"]> {
  @Field(() => Float, {
    nullable: true,
    description: "Share of rows that train; above 0 and at most 1. Default: what the others leave, 0.8.",
  })
  train?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Share of rows measured after every epoch, 0 to 1. Default: 0.1, or what is left.",
  })
  validation?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Share of rows kept for the final evaluation, 0 to 1. Default: 0.1, or what is left.",
  })
  test?: number | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A NUMBER, BINARY, CATEGORY, TEXT or TIMESTAMP feature whose value decides the part, so that equal values stay together. Default: the row's ordinal decides.",
  })
  key?: string | null;

  @Field(() => Int, { nullable: true, description: "Seed of the hash that divides the rows, from 0. Default: 0." })
  seed?: number | null;
}

@InputType({
  description:
    "Declares a dataset: its name, features and split. Once it has rows, only descriptions may still be declared differently.",
})
export class DeclareDatasetInput extends DeclarationInput implements DatasetDeclaration {
  @Field(() => [FeatureInput], { description: "Its columns, 2 to 1,000: inputs and at least one target." })
  features!: FeatureInput[];

  @Field(() => SplitInput, { nullable: true, description: "How rows are divided. Default: 0.8, 0.1, 0.1." })
  split?: SplitInput | null;
}

@InputType({ description: "Adds rows to a dataset; all of them, or none." })
export class AppendRowsInput extends MutationInput implements AppendDeclaration {
  @Field({ description: "The dataset's name." })
  dataset!: string;

  @Field(() => [JSONObjectScalar], {
    description:
      'At least one row: an object with a value for every feature and nothing else, such as `{"width": 0.2, "species": "setosa"}`.',
  })
  rows!: Record<string, unknown>[];
}
