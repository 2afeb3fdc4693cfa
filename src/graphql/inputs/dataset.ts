import { Field, InputType } from "type-graphql";
import type { AppendDeclaration } from "../../datasets/append.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import { datasetFields } from "../../language/datasets/fields.js";
import { addFields } from "./derive.js";
import { DeclarationInput, MutationInput } from "./fields.js";

@InputType({
  description:
    "Declares a dataset: its name, features and split. Once it has rows, only descriptions may still be declared differently.",
})
export class DeclareDatasetInput extends DeclarationInput {}
addFields(DeclareDatasetInput, datasetFields);

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
