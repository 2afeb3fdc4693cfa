import { limits } from "../fields/limits.js";
import type { Problem } from "../fields/problem.js";
import { count } from "../fields/wording.js";
import { layerPaths } from "../layers/layer-paths.js";
import { allLayers } from "../layers/layers.js";
import { parameterCount } from "../layers/parameters.js";
import type { ModelSpec } from "../models/model.js";
import { type DataSize, dataMemory, trainerBytes } from "./data-memory.js";
import type { TrainingSpec } from "./training.js";

/** What a training needs, and the layer that causes most of it, by where it was declared. */
export interface MemoryNeed {
  bytes: number;
  path: string;
}

const bytesPerNumber = 4;

/**
 * What training cannot do without, told from shapes alone: the parameters, and what goes in and out of one layer for one
 * batch. Slots of the optimizer, gradients and the other activations come on top.
 */
export function leastMemory(model: Pick<ModelSpec, "layers">, batchSize: number): MemoryNeed {
  const paths = layerPaths(model.layers);
  const needs = model.layers.map((layer) => {
    const numbers = Math.max(
      ...allLayers([layer]).map(({ inputShape, outputShape }) => numbersOf(inputShape) + numbersOf(outputShape)),
    );
    return { name: layer.name, parameters: parameterCount([layer]), batch: batchSize * numbers };
  });
  const heaviest = needs.reduce((a, b) => (b.parameters + b.batch > a.parameters + a.batch ? b : a));
  const parameters = needs.reduce((sum, need) => sum + need.parameters, 0);
  const batch = Math.max(...needs.map((need) => need.batch));
  return { bytes: bytesPerNumber * (parameters + batch), path: paths.get(heaviest.name) ?? heaviest.name };
}

/**
 * `leastMemory`, and on a CPU also the rows, which are then in the same memory. A GPU's own memory holds steps alone.
 * The rows are the cause where they take more than any layer.
 */
export function trainingMemory(
  model: Pick<ModelSpec, "layers" | "inputs" | "target">,
  { batchSize, device }: Pick<TrainingSpec, "batchSize" | "device">,
  data: DataSize,
): MemoryNeed {
  const step = leastMemory(model, batchSize);
  if (device === "GPU") return step;
  const rows = dataMemory(model, data);
  const isCause = rows - trainerBytes > step.bytes;
  return { bytes: step.bytes + rows, path: isCause ? "the rows of the dataset" : step.path };
}

/** A batch that becomes more numbers between two layers than there may be; a problem of the training. */
export function batchProblem(model: Pick<ModelSpec, "layers">, batchSize: number): Problem | undefined {
  const paths = layerPaths(model.layers);
  for (const layer of model.layers) {
    const row = Math.max(...allLayers([layer]).map(({ outputShape }) => numbersOf(outputShape)));
    // Of a batch size that is a problem itself, NaN, nothing can be said.
    if (!(row * batchSize > limits.batchNumbers)) continue;
    const message = `makes ${count(row * batchSize)} numbers of a batch in ${paths.get(layer.name)}; at most ${count(limits.batchNumbers)}.`;
    return { path: "batchSize", code: "OUT_OF_RANGE", message };
  }
  return undefined;
}

/**
 * More than there is; a problem of the training.
 *
 * @param offered bytes of the device that has the most; null where that is not known.
 */
export function memoryProblem({ bytes, path }: MemoryNeed, offered: number | null): Problem | undefined {
  // Of a batch size that is a problem itself, NaN, nothing can be said.
  if (offered === null || !(bytes > offered)) return undefined;
  const message = `needs ${gibibytes(bytes)} of memory to train, most of it for ${path}, and no live worker offers more than ${gibibytes(offered)}.`;
  return { path: "model", code: "OUT_OF_MEMORY", message };
}

const numbersOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
