import { Field, InputType, Int } from "type-graphql";
import type { FlattenDeclaration, ReshapeDeclaration } from "../../language/layers/layer.js";
import type {
  PermuteDeclaration,
  RepeatVectorDeclaration,
  UpSamplingDeclaration,
  ZeroPadding1dDeclaration,
  ZeroPadding2dDeclaration,
} from "../../language/layers/reshaping.js";
import { NamedLayerInput, perAxis } from "./layer-fields.js";

@InputType({ description: "Makes one list of numbers of each row's image or matrix (Keras: Flatten)." })
export class FlattenInput extends NamedLayerInput implements FlattenDeclaration {}

@InputType({ description: "Gives each row's numbers another shape, in the same order (Keras: Reshape)." })
export class ReshapeInput extends NamedLayerInput implements ReshapeDeclaration {
  @Field(() => [Int], {
    description:
      "The shape without the batch: entries 1 to 10,000,000, at most 5 of them. One may be -1 and takes what the others leave.",
  })
  targetShape!: number[];
}

@InputType({ description: "Changes the order of the axes (Keras: Permute)." })
export class PermuteInput extends NamedLayerInput implements PermuteDeclaration {
  @Field(() => [Int], {
    description: "The input's axes in their new order, each 1 to 5, counted without the batch: [2, 1] swaps two.",
  })
  dims!: number[];
}

@InputType({ description: "Repeats a list of numbers: [features] becomes [n, features] (Keras: RepeatVector)." })
export class RepeatVectorInput extends NamedLayerInput implements RepeatVectorDeclaration {
  @Field(() => Int, { description: "How often, 1 to 10,000,000." })
  n!: number;
}

@InputType({ description: "Zeros before and after the steps of [steps, channels] (Keras: ZeroPadding1D)." })
export class ZeroPadding1dInput extends NamedLayerInput implements ZeroPadding1dDeclaration {
  @Field(() => [Int], { nullable: true, description: "[both ends] or [before, after], each 0 to 65,536. Default: 1." })
  padding?: number[] | null;
}

@InputType({ description: "Zeros around images [height, width, channels] (Keras: ZeroPadding2D)." })
export class ZeroPadding2dInput extends NamedLayerInput implements ZeroPadding2dDeclaration {
  @Field(() => [[Int]], {
    nullable: true,
    description:
      "0 to 65,536: one number for all sides; or [height, width], each with one number for both ends or as [before, after]: [[1, 2], [0, 3]]. Default: 1.",
  })
  padding?: number[][] | null;
}

@InputType({
  description: "Repeats each step, or each row and column of an image (Keras: UpSampling1D, UpSampling2D).",
})
export class UpSamplingInput extends NamedLayerInput implements UpSamplingDeclaration {
  @Field(() => [Int], {
    nullable: true,
    description: `How often, ${perAxis} Default: 2.`,
  })
  size?: number[] | null;
}
