import { Extensions, Field, Float, InputType } from "type-graphql";
import type {
  ClassWeightsDeclaration,
  InvalidRowPolicy,
  LossDeclaration,
  LossType,
  MetricType,
  ModelDeclaration,
} from "../../language/models/model.js";
import { ClassWeightingEnum, InvalidRowsEnum, LossEnum, MetricEnum } from "./enums.js";
import { DeclarationInput } from "./fields.js";
import { LayerInput } from "./layer.js";
import { PreprocessingInput } from "./preprocessing.js";

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
      "Binary and categorical crossentropies only, focal ones included: the share of a label spread over all classes, at least 0 and below 1. Default: 0.",
  })
  labelSmoothing?: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      "Focal crossentropies only. CATEGORICAL: a factor of the loss, above 0; default: 0.25. BINARY: the weight of true, above 0 and below 1, that of false being 1 less it; default: both 1.",
  })
  alpha?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: "Focal crossentropies only: how little counts what is easy, at least 0. Default: 2.",
  })
  gamma?: number | null;
}

@InputType({ description: "The weight of one class." })
export class CategoryWeightInput {
  @Field({ description: "A category of the target; `false` or `true` of a BINARY one." })
  category!: string;

  @Field(() => Float, { description: "What a training row of this class counts in the loss; above 0." })
  weight!: number;
}

@Extensions({ isOneOf: true })
@InputType({ description: "What the classes count in the loss: exactly one of these." })
export class ClassWeightsInput implements ClassWeightsDeclaration {
  @Field(() => ClassWeightingEnum, { nullable: true, description: "By the training rows." })
  method?: ClassWeightsDeclaration["method"];

  @Field(() => [CategoryWeightInput], { nullable: true, description: "As given; a class that is left out counts 1." })
  weights?: CategoryWeightInput[] | null;
}

@InputType({
  description:
    "Declares a model. The smallest is a name, a dataset, a target and hidden layers: the rest follows from the features.",
})
export class DeclareModelInput extends DeclarationInput implements ModelDeclaration {
  @Field({ description: "Name of the dataset it learns from." })
  dataset!: string;

  @Field({ description: "The feature it predicts: NUMBER, BINARY, CATEGORY or VECTOR." })
  target!: string;

  @Field(() => [String], {
    nullable: true,
    description: "The features it predicts from, in order. Default: all but the target and the rows' weight.",
  })
  inputs?: string[] | null;

  @Field(() => [PreprocessingInput], {
    nullable: true,
    description:
      "Methods and options for single inputs. Default: Z_SCORE for NUMBER, VECTOR, IMAGE and a SEQUENCE of numbers, ONE_HOT for CATEGORY, NONE for BINARY, EMBEDDING for TEXT and a SEQUENCE of categories, CALENDAR for TIMESTAMP.",
  })
  preprocessing?: PreprocessingInput[] | null;

  @Field(() => [LayerInput], {
    description:
      "Hidden layers, at most 1,000; none makes a linear model. The output layer, named `output`, follows from the target and is not listed.",
  })
  layers!: ModelDeclaration["layers"];

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
  @Field(() => ClassWeightsInput, {
    nullable: true,
    description:
      "For CATEGORY and BINARY targets: what each class counts in the training loss, which stays a mean over rows. A row counts its class weight times its own. Default: all 1.",
  })
  classWeights?: ClassWeightsInput | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A NUMBER feature with what each row counts in the loss, at least 0, in training and in every evaluation; then no input. The loss is the sum of the weighted losses over the number of rows, those of weight 0 included (Keras: sum_over_batch_size); an evaluation whose rows all weigh 0 has none. Metrics leave it out. Default: every row counts 1.",
  })
  sampleWeight?: string | null;

  @Field(() => InvalidRowsEnum, {
    nullable: true,
    description: "What a run does about rows that this model cannot use. Default: REFUSE.",
  })
  invalidRows?: InvalidRowPolicy | null;
}
