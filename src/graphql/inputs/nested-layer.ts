import { Extensions, Field, InputType, Int, registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import {
  type BidirectionalDeclaration,
  type Merge,
  merges,
  type ParallelDeclaration,
  type RecurrentDeclaration,
  type ResidualDeclaration,
} from "../../language/layers/nested-layer.js";
import { LayerInput } from "./layer.js";
import { NamedLayerInput } from "./layer-fields.js";
import { GruInput, LstmInput, SimpleRnnInput } from "./sequence-layer.js";

export const MergeEnum = enumOf(merges);
registerEnumType(MergeEnum, {
  name: "Merge",
  description: "How the outputs of several layers become one. All but CONCATENATE need equal shapes.",
  valuesConfig: {
    ADD: { description: "Their sum." },
    CONCATENATE: { description: "One after the other along an axis." },
    AVERAGE: { description: "Their mean." },
    MAXIMUM: { description: "The larger of each two numbers." },
    MULTIPLY: { description: "Their product." },
  },
});

@InputType({ description: "Its layers' output plus its input: their shapes must be the same." })
export class ResidualInput extends NamedLayerInput implements ResidualDeclaration {
  @Field(() => [LayerInput], { description: "One layer or more, one after the other." })
  layers!: LayerInput[];
}

@InputType({ description: "Takes the same input through several branches and merges what they put out." })
export class ParallelInput extends NamedLayerInput implements ParallelDeclaration {
  @Field(() => [[LayerInput]], {
    description: "2 to 64 lists of layers. An empty one hands on the input as it is.",
  })
  branches!: LayerInput[][];

  @Field(() => MergeEnum, { nullable: true, description: "How their outputs become one. Default: CONCATENATE." })
  merge?: Merge | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "CONCATENATE only: the axis without the batch, counted from 0, or from -1 for the last backwards; one that the branches have. Default: -1.",
  })
  axis?: number | null;
}

@Extensions({ isOneOf: true })
@InputType({ description: "A recurrent layer: exactly one of these." })
export class RecurrentLayerInput implements RecurrentDeclaration {
  @Field(() => SimpleRnnInput, { nullable: true, description: "A simple recurrent layer." })
  simpleRnn?: SimpleRnnInput | null;

  @Field(() => LstmInput, { nullable: true, description: "Long short-term memory." })
  lstm?: LstmInput | null;

  @Field(() => GruInput, { nullable: true, description: "A gated recurrent unit." })
  gru?: GruInput | null;
}

@InputType({
  description:
    "Two recurrent layers of one declaration, one reading forwards and one backwards, merged (Keras: Bidirectional).",
})
export class BidirectionalInput extends NamedLayerInput implements BidirectionalDeclaration {
  @Field(() => RecurrentLayerInput, { description: "The layer, without a name of its own." })
  layer!: RecurrentLayerInput;

  @Field(() => MergeEnum, { nullable: true, description: "How both outputs become one. Default: CONCATENATE." })
  mergeMode?: Merge | null;
}
