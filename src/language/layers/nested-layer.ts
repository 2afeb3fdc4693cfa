import type { EmbeddingPooling } from "../preprocessing/preprocessing.js";
import type { Initializer, Layer, LayerDeclaration, Regularizer } from "./layer.js";
import type { GruDeclaration, LstmDeclaration, SimpleRnnDeclaration } from "./sequence-layer.js";

/** Layers made of layers. */

/** How the outputs of several layers become one. */
export const merges = ["ADD", "CONCATENATE", "AVERAGE", "MAXIMUM", "MULTIPLY"] as const;
export type Merge = (typeof merges)[number];

interface Named {
  name?: string | null;
}

export interface ResidualDeclaration extends Named {
  layers: LayerDeclaration[];
}

export interface ParallelDeclaration extends Named {
  /** An empty branch hands on the input as it is. */
  branches: LayerDeclaration[][];
  merge?: Merge | null;
  /** CONCATENATE only: the axis, without the batch dimension; negative from the last. Default: -1. */
  axis?: number | null;
}

/** Exactly one key is set. */
export interface RecurrentDeclaration {
  simpleRnn?: SimpleRnnDeclaration | null;
  lstm?: LstmDeclaration | null;
  gru?: GruDeclaration | null;
}

export interface BidirectionalDeclaration extends Named {
  layer: RecurrentDeclaration;
  mergeMode?: Merge | null;
}

export type RecurrentLayer = Extract<Layer, { type: "simpleRnn" | "lstm" | "gru" }>;

/** Its layers' output plus its input (He et al. 2016). */
export interface ResidualBody {
  type: "residual";
  layers: Layer[];
}

/** The same input through every branch, and the branches' outputs merged. */
export interface ParallelBody {
  type: "parallel";
  branches: Layer[][];
  merge: Merge;
  /** CONCATENATE: the axis from 0, without the batch dimension. Otherwise null. */
  axis: number | null;
}

/** One layer reads forwards and its twin backwards; with sequences, the twin's outputs are put back in order. */
export interface BidirectionalBody {
  type: "bidirectional";
  mergeMode: Merge;
  forwardLayer: RecurrentLayer;
  backwardLayer: RecurrentLayer;
}

/**
 * One column range of the network's input: as it is, or an id with a table of vectors. With `pooling`, an id in every
 * column, of which 0 is padding: its vector is zero, and it has no part in the average.
 */
export interface InputColumn {
  feature: string;
  width: number;
  embedding: {
    inputDim: number;
    outputDim: number;
    embeddingsInitializer: Initializer;
    embeddingsRegularizer: Regularizer;
    /** TEXT and SEQUENCE only; left out for a CATEGORY. */
    pooling?: EmbeddingPooling;
  } | null;
}

/**
 * The network's first step where an input's preprocessing is EMBEDDING. The platform adds it, named `inputs`: it is never
 * declared. Columns in the order of the model's inputs; [sum of widths] becomes [sum of widths and output dimensions], or
 * [maxLength, dimensions] for the vectors of one sequence alone that are not averaged.
 */
export interface InputEmbeddingBody {
  type: "inputEmbedding";
  columns: InputColumn[];
}

export type NestedLayerBody = ResidualBody | ParallelBody | BidirectionalBody | InputEmbeddingBody;

/** The layers within a layer, with the paths their parameters have there: `dense_0`, or `branch_1/dense_0`. */
export function nestedLayers(layer: Layer): { path: string; layer: Layer }[] {
  switch (layer.type) {
    case "residual":
      return layer.layers.map((inner) => ({ path: inner.name, layer: inner }));
    case "parallel":
      return layer.branches.flatMap((branch, index) =>
        branch.map((inner) => ({ path: `${branchName(index)}/${inner.name}`, layer: inner })),
      );
    case "bidirectional":
      return [layer.forwardLayer, layer.backwardLayer].map((inner) => ({ path: inner.name, layer: inner }));
    default:
      return [];
  }
}

/** `branch_0`: what the paths of a branch's parameters begin with. */
export function branchName(index: number): string {
  return `branch_${index}`;
}

/** The layers and all layers within them. */
export function allLayers(layers: readonly Layer[]): Layer[] {
  return layers.flatMap((layer) => [layer, ...allLayers(nestedLayers(layer).map((inner) => inner.layer))]);
}
