import * as tf from "@tensorflow/tfjs-core";
import type { Layer } from "../../language/layers/layer.js";
import type { Merge } from "../../language/layers/merge.js";
import { branchName } from "../../language/layers/nested.js";
import type { NamedTensors } from "../tensors/named-tensors.js";
import type { LayerContext } from "./context.js";
import type { Family } from "./layer-function.js";
import { recurrent } from "./recurrent.js";

/** `applyLayer`, which these layers apply to the layers within them. */
type Apply = (layer: Layer, x: tf.Tensor, parameters: NamedTensors, context: LayerContext) => tf.Tensor;

export const nested = (apply: Apply) =>
  ({
    /** `layers(x) + x`. */
    residual: {
      apply: ({ layers }, x, parameters, context) => tf.add(chain(layers, "", x, parameters, context, apply), x),
    },
    /** Every branch on the same input, merged. */
    parallel: {
      apply(layer, x, parameters, context) {
        const outputs = layer.branches.map((branch, index) =>
          chain(branch, `${branchName(index)}/`, x, parameters, context, apply),
        );
        return merge(outputs, layer.merge, (layer.axis ?? 0) + 1);
      },
    },
    /** One layer forwards and its twin backwards, both in the order of the input, merged. */
    bidirectional: {
      apply({ forwardLayer, backwardLayer, mergeMode }, x, parameters, context) {
        const outputs = [forwardLayer, backwardLayer].map((twin) =>
          recurrent(twin, x, below(parameters, `${twin.name}/`), contextBelow(context, `${twin.name}/`), "input"),
        );
        return merge(outputs, mergeMode, x.rank - (forwardLayer.returnSequences ? 1 : 2));
      },
    },
  }) satisfies Family;

function chain(
  layers: readonly Layer[],
  prefix: string,
  x: tf.Tensor,
  parameters: NamedTensors,
  context: LayerContext,
  apply: Apply,
): tf.Tensor {
  return layers.reduce((value, layer) => {
    const path = `${prefix}${layer.name}/`;
    return apply(layer, value, below(parameters, path), contextBelow(context, path));
  }, x);
}

function contextBelow(context: LayerContext, path: string): LayerContext {
  return {
    ...context,
    random: below(context.random, path),
    update: (parameter, value) => context.update(`${path}${parameter}`, value),
  };
}

/** The tensors whose names begin with `path`, by the rest of their names. */
function below(tensors: NamedTensors, path: string): NamedTensors {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(path));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(path.length), tensor]));
}

const pairwise: Record<Exclude<Merge, "CONCATENATE">, (a: tf.Tensor, b: tf.Tensor) => tf.Tensor> = {
  ADD: (a, b) => tf.add(a, b),
  AVERAGE: (a, b) => tf.add(a, b),
  MAXIMUM: (a, b) => tf.maximum(a, b),
  MULTIPLY: (a, b) => tf.mul(a, b),
};

/** `axis` counts the batch dimension. */
function merge(outputs: tf.Tensor[], how: Merge, axis: number): tf.Tensor {
  if (how === "CONCATENATE") return tf.concat(outputs, axis);
  const merged = outputs.reduce(pairwise[how]);
  return how === "AVERAGE" ? tf.mul(merged, 1 / outputs.length) : merged;
}
