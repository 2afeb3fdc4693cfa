import type { Layer } from "./layer.js";

/** Where each of a model's layers was declared, by its name: `layers[1]`, or the platform's own `inputs` and `output`. */
export function layerPaths(layers: readonly Layer[]): Map<string, string> {
  const own = layers[0]?.type === "inputEmbedding" ? 1 : 0;
  return new Map(
    layers.map(({ name }, index) => {
      if (index < own) return [name, "inputs"];
      return [name, index === layers.length - 1 ? "output" : `layers[${index - own}]`];
    }),
  );
}
