import { Field, Float, InputType, Int } from "type-graphql";
import type {
  BatchNormalizationDeclaration,
  GroupNormalizationDeclaration,
  LayerNormalizationDeclaration,
} from "../../language/layers/layer.js";
import { NamedLayerInput, RegularizerInput } from "./layer-fields.js";

@InputType({ description: "What every normalization has." })
abstract class NormalizationInput extends NamedLayerInput {
  @Field(() => Float, {
    nullable: true,
    description: "Added to the variance, so that nothing is divided by 0; above 0. Default: 0.001.",
  })
  epsilon?: number | null;

  @Field(() => Boolean, { nullable: true, description: "Whether an offset (beta) is learned. Default: true." })
  center?: boolean | null;

  @Field(() => Boolean, { nullable: true, description: "Whether a factor (gamma) is learned. Default: true." })
  scale?: boolean | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the offset. Default: none." })
  betaRegularizer?: RegularizerInput | null;

  @Field(() => RegularizerInput, { nullable: true, description: "Penalty on the factor. Default: none." })
  gammaRegularizer?: RegularizerInput | null;
}

@InputType({
  description:
    "Normalizes each feature over the batch while training, and by moving averages otherwise (Keras: BatchNormalization).",
})
export class BatchNormalizationInput extends NormalizationInput implements BatchNormalizationDeclaration {
  @Field(() => Float, {
    nullable: true,
    description: "Share of the moving averages kept at each step, at least 0 and below 1. Default: 0.99.",
  })
  momentum?: number | null;
}

@InputType({ description: "Normalizes each row over its last axis (Keras: LayerNormalization)." })
export class LayerNormalizationInput extends NormalizationInput implements LayerNormalizationDeclaration {}

@InputType({
  description: "Normalizes each row over all positions and the channels of one group (Keras: GroupNormalization).",
})
export class GroupNormalizationInput extends NormalizationInput implements GroupNormalizationDeclaration {
  @Field(() => Int, {
    nullable: true,
    description: "Count of groups, 1 to 65,536, a divisor of the channels; or -1: one group per channel. Default: 32.",
  })
  groups?: number | null;
}
