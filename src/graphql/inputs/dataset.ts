import { Field, ID, InputType } from "type-graphql";
import type { AppendDeclaration } from "../../datasets/append.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import type { DatasetDeclaration } from "../../language/datasets/dataset.js";
import { datasetStruct } from "../../language/datasets/fields.js";
import { type Input, MutationInput, mutationInput } from "./fields.js";

export const DeclareDatasetInput = mutationInput(datasetStruct);
export type DeclareDatasetInput = Input<DatasetDeclaration>;

@InputType({ description: "Adds rows to a dataset, or to an open append; all of them, or none." })
export class AppendRowsInput extends MutationInput implements AppendDeclaration {
  @Field(() => String, { nullable: true, description: "The dataset's name. It may be left out with `append`." })
  dataset?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "An open append that the rows become a part of. Default: they become a version of their own.",
  })
  append?: string | null;

  @Field(() => [JSONObjectScalar], {
    description:
      'At least one row: an object with a value for every feature and nothing else (null or none for a nullable feature), such as `{"width": 0.2, "species": "setosa"}`.',
  })
  rows!: Record<string, unknown>[];
}

@InputType({ description: "Begins a load in parts." })
export class BeginAppendInput extends MutationInput {
  @Field({ description: "The dataset's name." })
  dataset!: string;
}

@InputType({ description: "Commits a load in parts." })
export class CommitAppendInput extends MutationInput {
  @Field(() => ID, { description: "The append." })
  append!: string;
}

@InputType({ description: "Aborts a load in parts." })
export class AbortAppendInput extends MutationInput {
  @Field(() => ID, { description: "The append." })
  append!: string;
}
