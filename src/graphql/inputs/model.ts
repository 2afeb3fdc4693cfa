import { Field, InputType } from "type-graphql";
import { modelFields } from "../../language/models/fields.js";
import type { ModelDeclaration } from "../../language/models/model.js";
import { addFields } from "./derive.js";
import { DeclarationInput } from "./fields.js";
import { LayerInput } from "./layer.js";

@InputType({
  description:
    "Declares a model. The smallest is a name, a dataset, a target and hidden layers: the rest follows from the features.",
})
export class DeclareModelInput extends DeclarationInput {
  @Field(() => [LayerInput], {
    description:
      "Hidden layers, at most 1,000; none makes a linear model. The output layer, named `output`, follows from the target and is not listed.",
  })
  layers!: ModelDeclaration["layers"];
}
addFields(DeclareModelInput, modelFields);
