import { Field, InputType } from "type-graphql";
import type { AppendDeclaration } from "../../datasets/append.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import type { DatasetDeclaration } from "../../language/datasets/dataset.js";
import { datasetStruct } from "../../language/datasets/fields.js";
import { type Input, MutationInput, mutationInput } from "./fields.js";

export const DeclareDatasetInput = mutationInput(datasetStruct);
export type DeclareDatasetInput = Input<DatasetDeclaration>;

@InputType({ description: "Adds rows to a dataset; all of them, or none." })
export class AppendRowsInput extends MutationInput implements AppendDeclaration {
  @Field({ description: "The dataset's name." })
  dataset!: string;

  @Field(() => [JSONObjectScalar], {
    description:
      'At least one row: an object with a value for every feature and nothing else (null or none for a nullable feature), such as `{"width": 0.2, "species": "setosa"}`.',
  })
  rows!: Record<string, unknown>[];
}
