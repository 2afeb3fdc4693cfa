import { Arg, Ctx, Field, ID, ObjectType, Query, Resolver, registerEnumType } from "type-graphql";
import { FeatureTypeEnum } from "../../entities/dataset.js";
import { enumOf } from "../../entities/enum.js";
import { Cost } from "../../entities/field-cost.js";
import { Int64Scalar, JSONObjectScalar } from "../../entities/scalars.js";
import { columnRoles, warningCodes } from "../../imports/inference/guess.js";
import type { Inference, InferenceWarning, InferredFeature } from "../../imports/inference/infer.js";
import { inferUpload } from "../../imports/queue/infer-upload.js";
import type { Problem } from "../../language/fields/problem.js";
import type { Context } from "../context/context.js";
import { missingValuesDescription } from "../inputs/import.js";
import { ModelSuggestion } from "../payloads/model-suggestion.js";
import { ProblemObject } from "../payloads/problem.js";

const ColumnRoleEnum = enumOf(columnRoles);
registerEnumType(ColumnRoleEnum, {
  name: "ColumnRole",
  description: "What a column of a file is good for.",
  valuesConfig: {
    INPUT: { description: "An input of a model." },
    TARGET: { description: "What is to be predicted." },
    IDENTIFIER: { description: "It tells rows apart and says nothing about the target." },
    CONSTANT: { description: "All values are the same." },
    LEAK: { description: "It gives the target away, so it may be known only with it." },
    UNUSED: { description: "It has no values that a model could read." },
  },
});

const WarningCodeEnum = enumOf(warningCodes);
registerEnumType(WarningCodeEnum, {
  name: "InferenceWarningCode",
  description: "Machine-readable kind of a warning about a file.",
  valuesConfig: {
    RENAMED: { description: "A column's name was changed." },
    FORMAT: { description: "The file's form is unusual." },
    SAMPLED: { description: "Not all rows were looked at." },
    CONSTANT: { description: "A column has one value." },
    IDENTIFIER: { description: "A column seems to identify rows." },
    LEAK: { description: "A column gives the target away." },
    NO_VALUES: { description: "A column has no values." },
    FEW_VALUES: { description: "A column of numbers may be one of categories." },
    MIXED: { description: "A column has values of several kinds." },
    AMBIGUOUS: { description: "A column's values can be read in two ways." },
    TARGET: { description: "The target can be read in two ways." },
  },
});

@ObjectType("InferredFeature", { description: "A column of a file, and what it was taken for." })
export class InferredFeatureObject implements InferredFeature {
  @Field({ description: "Its name, as a feature's." })
  name!: string;

  @Field(() => FeatureTypeEnum, { description: "The type of its values." })
  type!: InferredFeature["type"];

  @Field(() => ColumnRoleEnum, { description: "What it is good for." })
  role!: InferredFeature["role"];

  @Field(() => Int64Scalar, { description: "Rows without a value." })
  missing!: number;

  @Field(() => Int64Scalar, { description: "Different values; about, in a large file." })
  distinct!: number;

  @Cost({ length: 5 })
  @Field(() => [String], { description: "Some values, as the file has them." })
  examples!: string[];

  @Field({ description: "Why it has this type, and how to overrule it." })
  evidence!: string;
}

@ObjectType("InferenceWarning", { description: "What the owner of a file should know." })
export class InferenceWarningObject implements InferenceWarning {
  @Field({ description: "The column's name; empty for the file as a whole." })
  path!: string;

  @Field(() => WarningCodeEnum, { description: "Machine-readable kind of the warning." })
  code!: InferenceWarning["code"];

  @Field({ description: "What was found, in plain text." })
  message!: string;
}

@ObjectType({ description: "What a file was found to hold. Nothing is stored." })
export class DatasetInference implements Inference {
  @Cost({ length: 1 })
  @Field(() => [ProblemObject], {
    description: "Why the file cannot be read as a table; then all else is null.",
  })
  problems!: Problem[];

  @Field(() => Int64Scalar, { nullable: true, description: "Its rows." })
  rowCount!: number | null;

  @Cost({ length: 100 })
  @Field(() => [InferredFeatureObject], { nullable: true, description: "Its columns, in order." })
  features!: InferredFeature[] | null;

  @Cost({ length: 20 })
  @Field(() => [InferenceWarningObject], { nullable: true, description: "What its owner should know." })
  warnings!: InferenceWarning[] | null;

  @Field(() => JSONObjectScalar, {
    nullable: true,
    description:
      "The input of `declareDataset`, as it stands. CATEGORY features have no `categories`: the dataset owns their list.",
  })
  declaration!: Record<string, unknown> | null;

  @Field(() => ModelSuggestion, { nullable: true, description: "A first model; null without `target`." })
  suggestion!: ModelSuggestion | null;
}

@Resolver()
export class InferDatasetQuery {
  @Cost({ weight: 5_000, statement: true, seconds: 120 })
  @Query(() => DatasetInference, {
    description:
      "Looks at a sample of an uploaded file (all of a small one) and guesses the features of a dataset, and a first model for a target.",
  })
  async inferDataset(
    @Arg("upload", () => ID, { description: "Id of the upload." }) upload: string,
    @Arg("name", () => String, { description: "Name of the dataset to declare." }) name: string,
    @Arg("target", () => String, { nullable: true, description: "The column to predict. Default: none." })
    target: string | null | undefined,
    @Arg("missingValues", () => [String], { nullable: true, description: missingValuesDescription })
    missingValues: string[] | null | undefined,
    @Ctx() { platform, session, caller }: Context,
  ): Promise<DatasetInference> {
    const request = { upload, name, target: target ?? null, missingValues: missingValues ?? null };
    const inference = await inferUpload(session, platform.reader, request, caller.signal);
    return Object.assign(new DatasetInference(), inference);
  }
}
