import { Field, InputType, Int } from "type-graphql";
import type { GlobalPoolingDeclaration, PoolingDeclaration } from "../../language/layers/pooling.js";
import type { Padding } from "../../language/layers/spatial.js";
import { PaddingEnum } from "./convolution.js";
import { NamedLayerInput, perAxis } from "./layer-fields.js";

@InputType({ description: "A window moves over the input, and each place becomes one number a channel." })
export class PoolingInput extends NamedLayerInput implements PoolingDeclaration {
  @Field(() => [Int], { nullable: true, description: `The window's size, ${perAxis} Default: 2.` })
  poolSize?: number[] | null;

  @Field(() => [Int], {
    nullable: true,
    description: `How far the window moves each time, ${perAxis} Default: \`poolSize\`.`,
  })
  strides?: number[] | null;

  @Field(() => PaddingEnum, {
    nullable: true,
    description: "What happens at the border; padding has no part in a maximum or a mean. Default: VALID.",
  })
  padding?: Padding | null;
}

@InputType({ description: "All steps, or the whole image, become one number a channel." })
export class GlobalPoolingInput extends NamedLayerInput implements GlobalPoolingDeclaration {
  @Field(() => Boolean, {
    nullable: true,
    description: "Whether the axes that are pooled stay, with an extent of 1. Default: false.",
  })
  keepDims?: boolean | null;
}
