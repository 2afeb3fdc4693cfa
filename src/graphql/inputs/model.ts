import { Field, Float, InputType } from "type-graphql";
import type { LossDeclaration, LossType, MetricType, ModelDeclaration, Preprocessing } from "../../spec/model.js";
import { LossEnum, MetricEnum, PreprocessingEnum } from "./enums.js";
import { DeclarationInput } from "./fields.js";
import { LayerInput } from "./layer.js";

@InputType({ description: "How one input feature becomes numbers." })
export class PreprocessingInput {
  @Field({ description: "An input of the model." })
  feature!: string;

  @Field(() => PreprocessingEnum, { description: "A method that fits the feature's type." })
  method!: Preprocessing;
}

@InputType({ description: "A loss function and its options." })
export class LossInput implements LossDeclaration {
  @Field(() => LossEnum, { description: "A loss that fits the target's type." })
  type!: LossType;

  @Field(() => Float, {
    nullable: true,
    description: "HUBER only: the error from which on it is linear, above 0. Default: 1.",
  })
  delta?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Crossentropies only: the share of a label spread over all classes, at least 0 and below 1. Default: 0.",
  })
  labelSmoothing?: number | null;
}

@InputType({
  description:
    "Declares a model. The smallest is a name, a dataset, a target and hidden layers: the rest follows from the features.",
})
export class DeclareModelInput extends DeclarationInput implements ModelDeclaration {
  @Field({ description: "Name of the dataset it learns from." })
  dataset!: string;

  @Field({ description: "The feature it predicts, of any type but IMAGE." })
  target!: string;

  @Field(() => [String], {
    nullable: true,
    description: "The features it predicts from, in order. Default: all but the target.",
  })
  inputs?: string[] | null;

  @Field(() => [PreprocessingInput], {
    nullable: true,
    description:
      "Methods for single inputs. Default: Z_SCORE for NUMBER, VECTOR and IMAGE, ONE_HOT for CATEGORY, NONE for BINARY.",
  })
  preprocessing?: PreprocessingInput[] | null;

  @Field(() => [LayerInput], {
    description:
      "Hidden layers, at most 1,000; none makes a linear model. The output layer, named `output`, follows from the target and is not listed.",
  })
  layers!: LayerInput[];

  @Field(() => LossInput, {
    nullable: true,
    description:
      "Default: MEAN_SQUARED_ERROR for NUMBER and VECTOR, BINARY_CROSSENTROPY for BINARY, CATEGORICAL_CROSSENTROPY for CATEGORY.",
  })
  loss?: LossInput | null;

  @Field(() => [MetricEnum], {
    nullable: true,
    description:
      "What is measured beside the loss; may be empty. Default: ACCURACY for CATEGORY; ACCURACY and AUC for BINARY; MEAN_ABSOLUTE_ERROR and ROOT_MEAN_SQUARED_ERROR for NUMBER and VECTOR, with R2_SCORE for NUMBER.",
  })
  metrics?: MetricType[] | null;
}
