import { PlatformError } from "../errors.js";
import type { Layer } from "../spec/layer.js";
import type { ModelSpec } from "../spec/model.js";
import type { OptimizerSpec } from "../spec/optimizer.js";
import type { TrainingSpec } from "../spec/training.js";
import type { Graph } from "./graph.js";
import { evaluationGraph, predictionGraph } from "./inference-graphs.js";
import { sizeOf } from "./initializers.js";
import { learningRateCurve } from "./learning-rate-curve.js";
import { givenBytes, operationsByLayer, peakBytes } from "./onnx/cost.js";
import { optimize } from "./onnx/passes/optimize.js";
import { trace } from "./onnx/trace.js";
import { type LayerPlan, plan } from "./plan.js";
import { trainingGraph, trainingState } from "./training-graph.js";

export interface PlannedLayer extends LayerPlan {
  /** Where it was declared, such as `layers[1]`; `output` and `inputs` are the platform's own. */
  path: string;
  /** Floating-point operations of its forward pass for one batch; null where the step cannot be compiled. */
  flops: number | null;
}

export interface UnsupportedKernel {
  /** As `PlannedLayer.path`; null where no layer causes it. */
  path: string | null;
  /** The operation of TensorFlow.js that cannot be compiled. */
  kernel: string;
}

/** What a training would be, found out without doing it. */
export interface TrainingPlan {
  stepsPerEpoch: number;
  steps: number;
  batchSize: number;
  parameters: number;
  trainableParameters: number;
  layers: PlannedLayer[];
  /** Of the compiled step: forward pass, gradients, loss and update. Null where it cannot be compiled. */
  flopsPerStep: number | null;
  /**
   * What a step needs beside the program itself: parameters and optimizer slots twice (old and new), the batch and the
   * random numbers, constants, and the activations and gradients that are alive at the same time, at the most. An
   * estimate: a runtime may fuse some of it away, or keep room in reserve. Null where the step cannot be compiled.
   */
  memoryBytes: number | null;
  /** At no more than `curvePoints` steps, the first and the last among them. */
  learningRate: { step: number; value: number }[];
  executor: { name: string; reason: string };
  unsupported: UnsupportedKernel[];
}

const curvePoints = 200;

/** The operations that training, evaluating or predicting with the model needs and that cannot be compiled. */
export function unsupportedInModel(model: ModelSpec, optimizer: OptimizerSpec, batchSize: number): UnsupportedKernel[] {
  return unsupportedKernels(model, [
    () => trainingGraph(model, optimizer, batchSize),
    () => evaluationGraph(model, batchSize),
    () => predictionGraph(model, batchSize),
  ]);
}

/** @param trainRows rows of the training part. */
export function planTraining(
  model: ModelSpec,
  optimizer: OptimizerSpec,
  training: Pick<TrainingSpec, "batchSize" | "epochs" | "threads">,
  trainRows: number,
): TrainingPlan {
  const { batchSize, epochs } = training;
  const stepsPerEpoch = Math.ceil(trainRows / batchSize);
  const steps = stepsPerEpoch * epochs;
  const { layers, parameters, trainableParameters } = plan(model);
  const unsupported = unsupportedInModel(model, optimizer, batchSize);
  const compiled = (graph: Graph) => (unsupported.length > 0 ? undefined : optimize(trace(graph)));
  const program = compiled(trainingGraph(model, optimizer, batchSize));
  // Gradients belong to no layer for certain, so a layer is told by what it does forwards.
  const forward = compiled(predictionGraph(model, batchSize));
  const byLayer = forward && operationsByLayer(forward);
  const state = trainingState(model, optimizer).reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const paths = layerPaths(model.layers);
  return {
    ...{ stepsPerEpoch, steps, batchSize, parameters, trainableParameters, unsupported },
    layers: layers.map((layer) => ({
      ...layer,
      path: paths.get(layer.name) ?? layer.name,
      flops: byLayer ? (byLayer.get(layer.name) ?? 0) : null,
    })),
    flopsPerStep: program ? total(operationsByLayer(program)) : null,
    memoryBytes: program ? state + givenBytes(program) + peakBytes(program) : null,
    learningRate: learningRateCurve(optimizer.learningRate, steps, curvePoints).map(({ step, learningRate }) => ({
      step,
      value: learningRate,
    })),
    executor: executorFor(training.threads, unsupported),
  };
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function executorFor(threads: number, [first]: readonly UnsupportedKernel[]): TrainingPlan["executor"] {
  if (!first) return { name: `onnx-cpu-${threads}`, reason: "every operation of a step can be compiled" };
  const where = first.path === null ? "" : ` of ${first.path}`;
  return { name: "eager-cpu", reason: `the operation ${first.kernel}${where} cannot be compiled` };
}

/**
 * The operations that cannot be compiled: the first of each graph, since what comes after it is not reached. Each once.
 */
export function unsupportedKernels(
  model: Pick<ModelSpec, "layers">,
  graphs: readonly (() => Graph)[],
): UnsupportedKernel[] {
  const paths = layerPaths(model.layers);
  const found = new Map<string, UnsupportedKernel>();
  for (const graph of graphs) {
    try {
      trace(graph());
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "UNSUPPORTED") throw error;
      const { kernel, layer } = error.details as { kernel?: string; layer?: string };
      const path = (layer !== undefined && (paths.get(layer) ?? layer)) || null;
      found.set(`${path} ${kernel}`, { path, kernel: kernel ?? error.message });
    }
  }
  return [...found.values()];
}

/** Where each layer was declared, by its name. */
function layerPaths(layers: readonly Layer[]): Map<string, string> {
  const own = layers[0]?.type === "inputEmbedding" ? 1 : 0;
  return new Map(
    layers.map(({ name }, index) => {
      if (index < own) return [name, "inputs"];
      return [name, index === layers.length - 1 ? "output" : `layers[${index - own}]`];
    }),
  );
}
