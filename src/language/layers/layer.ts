import type { DeclaredUnion } from "../fields/objects.js";
import type { activations } from "./activations.js";
import type { convolutions } from "./convolution.js";
import type { dense } from "./dense.js";
import type { LayerDescription, Shapes } from "./description.js";
import type { InputEmbeddingBody } from "./input-embedding.js";
import type { Merge } from "./merge.js";
import type { noise } from "./noise.js";
import type { normalizations } from "./normalization.js";
import type { poolings } from "./pooling.js";
import type { recurrents } from "./recurrent.js";
import type { reshapings } from "./reshaping.js";
import type { sequences } from "./sequences.js";

/** Every family of layers that hold no other layers. */
type Families = typeof dense &
  typeof convolutions &
  typeof poolings &
  typeof noise &
  typeof normalizations &
  typeof activations &
  typeof reshapings &
  typeof sequences;

interface Named {
  /** Unique within its list of layers. Default: the type and the layer's index, such as `dense_0`. */
  name?: string | null;
}

interface ResidualDeclaration extends Named {
  layers: LayerDeclaration[];
}

interface ParallelDeclaration extends Named {
  /** An empty branch hands on the input as it is. */
  branches: LayerDeclaration[][];
  merge?: Merge | null;
  /** CONCATENATE only: the axis, without the batch dimension; negative from the last. Default: -1. */
  axis?: number | null;
}

/** Exactly one key is set. */
export type RecurrentDeclaration = DeclaredUnion<typeof recurrents>;

interface BidirectionalDeclaration extends Named {
  layer: RecurrentDeclaration;
  mergeMode?: Merge | null;
}

/** Exactly one key is set. */
export interface LayerDeclaration extends DeclaredUnion<Families> {
  bidirectional?: BidirectionalDeclaration | null;
  residual?: ResidualDeclaration | null;
  parallel?: ParallelDeclaration | null;
}

/** Every type of layer that can be declared. */
export type DeclaredType = keyof LayerDeclaration;

type BodyOf<Description> = Description extends LayerDescription<infer _, infer Body> ? Body : never;
type Bodies = { [Type in keyof Families]: BodyOf<Families[Type]> } & {
  residual: ResidualBody;
  parallel: ParallelBody;
  bidirectional: BidirectionalBody;
  inputEmbedding: InputEmbeddingBody;
};

/** A layer with every default resolved and its shapes inferred. Shapes leave out the batch dimension. */
export type Layer = { [Type in keyof Bodies]: { type: Type; name: string } & Shapes & Bodies[Type] }[keyof Bodies];
export type LayerType = Layer["type"];
export type LayerOf<Type extends LayerType> = Extract<Layer, { type: Type }>;

export type RecurrentLayer = LayerOf<keyof typeof recurrents>;

/** Its layers' output plus its input (He et al. 2016). */
export interface ResidualBody {
  layers: Layer[];
}

/** The same input through every branch, and the branches' outputs merged. */
export interface ParallelBody {
  branches: Layer[][];
  merge: Merge;
  /** CONCATENATE: the axis from 0, without the batch dimension. Otherwise null. */
  axis: number | null;
}

/** One layer reads forwards and its twin backwards; with sequences, the twin's outputs are put back in order. */
export interface BidirectionalBody {
  mergeMode: Merge;
  forwardLayer: RecurrentLayer;
  backwardLayer: RecurrentLayer;
}
