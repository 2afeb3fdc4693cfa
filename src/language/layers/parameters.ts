import type { Layer } from "./layer.js";
import { descriptionOf, layersWithin } from "./layers.js";
import type { Parameter } from "./parameter.js";

export type { Parameter, ParameterKind } from "./parameter.js";

/** `dense_0/kernel`: unique in a model, and the tensor's name in `weights.safetensors`. */
export function parameterName(layer: { name: string }, parameter: { name: string }): string {
  return `${layer.name}/${parameter.name}`;
}

/** The parameters of one layer and of those within it, in Keras's order. [] for layers without any. */
export function parameterShapes(layer: Layer): Parameter[] {
  const { parameters, within } = descriptionOf(layer);
  const own = parameters?.(layer) ?? [];
  if (within === undefined) return own;
  const nested = layersWithin(layer).flatMap(({ path, layer: inner }) =>
    parameterShapes(inner).map((parameter) => ({ ...parameter, name: `${path}/${parameter.name}` })),
  );
  return [...own, ...nested];
}

/** All numbers that the layers hold, trainable or not: what Keras's `count_params` answers. */
export function parameterCount(layers: readonly Layer[]): number {
  let sum = 0;
  for (const layer of layers) {
    for (const { shape } of parameterShapes(layer)) sum += shape.reduce((product, extent) => product * extent, 1);
  }
  return sum;
}
