import type { LayerType } from "../../language/layers/layer.js";
import { parameterShapes } from "../../language/layers/parameters.js";
import type { ModelSpec } from "../../language/models/model.js";
import { elementCount } from "../tensors/initializers.js";

/** What one layer makes of a row, and what it has to learn. */
export interface LayerPlan {
  name: string;
  type: LayerType;
  /** Without the batch dimension. */
  outputShape: number[];
  parameters: number;
  trainableParameters: number;
}

export interface ModelPlan {
  layers: LayerPlan[];
  parameters: number;
  trainableParameters: number;
}

/** Shapes and parameter counts of a model, layer by layer, without building anything. */
export function plan(model: ModelSpec): ModelPlan {
  const layers = model.layers.map((layer): LayerPlan => {
    const declared = parameterShapes(layer);
    return {
      name: layer.name,
      type: layer.type,
      outputShape: layer.outputShape,
      parameters: total(declared.map(({ shape }) => elementCount(shape))),
      trainableParameters: total(declared.filter(({ trainable }) => trainable).map(({ shape }) => elementCount(shape))),
    };
  });
  return {
    layers,
    parameters: total(layers.map(({ parameters }) => parameters)),
    trainableParameters: total(layers.map(({ trainableParameters }) => trainableParameters)),
  };
}

function total(counts: number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
