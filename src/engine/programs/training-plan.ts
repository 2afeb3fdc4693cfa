import { PlatformError } from "../../errors.js";
import type { OptimizerSpec } from "../../language/algorithms/optimizer.js";
import type { ValueOf } from "../../language/fields/shape.js";
import { layerPaths } from "../../language/layers/layer-paths.js";
import type { ModelSpec } from "../../language/models/model.js";
import { type DataSize, dataMemory } from "../../language/training/data-memory.js";
import type { MemoryNeed } from "../../language/training/memory.js";
import { currentSemantics, type TrainingSemantics, type TrainingSpec } from "../../language/training/training.js";
import type { TrainingPlanShape, unsupportedKernel } from "../../language/training/training-plan.js";
import type { Graph, TensorSpec } from "../graphs/graph.js";
import { rowCounting } from "../graphs/row-counting.js";
import { evaluationGraph, predictionGraph } from "../networks/inference-graphs.js";
import { plan } from "../networks/plan.js";
import { trainingGraph, trainingState } from "../networks/training-graph.js";
import { optimize } from "../onnx/passes/optimize.js";
import { bytesByLayer, givenBytes, operationsByLayer, peakBytes } from "../onnx/program/cost.js";
import type { Program } from "../onnx/program/model.js";
import { trace } from "../onnx/trace/trace.js";
import { learningRateCurve } from "../optimizers/learning-rate-curve.js";
import { elementCount } from "../tensors/initializers.js";

/** An operation that cannot be compiled, and why. */
export interface UnsupportedKernel extends ValueOf<typeof unsupportedKernel> {
  /** Why not: what the layer does, as the rest of a sentence without its end. */
  reason: string;
}

/**
 * What a training would be, found out without doing it. `memoryBytes` is an estimate of what a step needs beside the
 * program itself: parameters and optimizer slots twice (old and new), the batch and the random numbers, constants, and the
 * activations and gradients that are alive at the same time, at the most. A runtime may fuse some of it away, or keep room
 * in reserve.
 */
export interface TrainingPlan extends TrainingPlanShape {
  /** Where the layer was declared that causes most of `memoryBytes`; null as that is. */
  heaviestPath: string | null;
  unsupported: UnsupportedKernel[];
}

const curvePoints = 200;

/** The operations that training, evaluating or predicting with the model needs and that cannot be compiled. */
export function unsupportedInModel(model: ModelSpec, optimizer: OptimizerSpec, batchSize: number): UnsupportedKernel[] {
  return unsupportedKernels(model, graphsOf(model, optimizer, batchSize, currentSemantics));
}

const graphsOf = (
  model: ModelSpec,
  optimizer: OptimizerSpec,
  batchSize: number,
  semantics: TrainingSemantics,
): [() => Graph, () => Graph, () => Graph] => [
  () => trainingGraph(model, optimizer, batchSize, semantics),
  // Gradients belong to no layer for certain, so a layer is told by what it does forwards.
  () => predictionGraph(model, batchSize),
  () => evaluationGraph(model, batchSize),
];

/** @param data the rows to train on. */
export function planTraining(
  model: ModelSpec,
  optimizer: OptimizerSpec,
  training: Pick<TrainingSpec, "batchSize" | "epochs" | "threads" | "semantics">,
  data: DataSize,
): TrainingPlan {
  const { batchSize, epochs, semantics } = training;
  const stepsPerEpoch = Math.ceil(data.splitCounts.train / batchSize);
  const steps = stepsPerEpoch * epochs;
  const batches = { batchSize, stepsPerEpoch, accumulated: optimizer.gradientAccumulationSteps };
  const updates = rowCounting(semantics).updates(epochs, batches);
  const { layers, parameters, trainableParameters } = plan(model);
  const { programs, unsupported } = traceAll(model, graphsOf(model, optimizer, batchSize, semantics));
  const [program, forward] = unsupported.length > 0 ? [] : programs.slice(0, 2).map((traced) => optimize(traced));
  const byLayer = forward && operationsByLayer(forward);
  const paths = layerPaths(model.layers);
  const need = program && forward && memoryOf(program, forward, trainingState(model, optimizer), paths);
  return {
    ...{ stepsPerEpoch, steps, updates, batchSize, parameters, trainableParameters, unsupported },
    layers: layers.map((layer) => ({
      ...layer,
      path: paths.get(layer.name) ?? layer.name,
      flops: byLayer ? (byLayer.get(layer.name) ?? 0) : null,
    })),
    flopsPerStep: program ? total(operationsByLayer(program)) : null,
    memoryBytes: need?.bytes ?? null,
    peakMemoryBytes: need ? need.bytes + dataMemory(model, data) : null,
    heaviestPath: need?.path ?? null,
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
  return { name: "none", reason: `${first.path ?? "the training"} ${first.reason}` };
}

/** Of a step; the heaviest layer is that of the most state and activations, whether or not these live at the same time. */
function memoryOf(
  program: Program,
  forward: Program,
  state: readonly TensorSpec[],
  paths: ReadonlyMap<string, string>,
): MemoryNeed {
  const made = bytesByLayer(forward);
  const bytes = new Map([...paths.keys()].map((name) => [name, made.get(name) ?? 0]));
  let held = 0;
  for (const { name, shape } of state) {
    const size = 4 * elementCount(shape);
    held += size;
    // `dense_0/kernel`, or a slot of it: `optimizer/m/dense_0/kernel`.
    const parts = name.split("/");
    const layer = parts.find((part) => bytes.has(part));
    if (layer !== undefined) bytes.set(layer, (bytes.get(layer) ?? 0) + 2 * size);
  }
  const [heaviest] = [...bytes].sort(([, a], [, b]) => b - a);
  return { bytes: held + givenBytes(program) + peakBytes(program), path: paths.get(heaviest?.[0] ?? "") ?? "output" };
}

/**
 * The operations that cannot be compiled: the first of each graph, since what comes after it is not reached. Each once.
 */
export function unsupportedKernels(
  model: Pick<ModelSpec, "layers">,
  graphs: readonly (() => Graph)[],
): UnsupportedKernel[] {
  return traceAll(model, graphs).unsupported;
}

function traceAll(
  model: Pick<ModelSpec, "layers">,
  graphs: readonly (() => Graph)[],
): { programs: Program[]; unsupported: UnsupportedKernel[] } {
  const paths = layerPaths(model.layers);
  const programs: Program[] = [];
  const found = new Map<string, UnsupportedKernel>();
  for (const graph of graphs) {
    try {
      programs.push(trace(graph()));
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== "UNSUPPORTED") throw error;
      const { kernel = "", reason = "", layer } = error.details as { kernel?: string; reason?: string; layer?: string };
      const path = (layer !== undefined && (paths.get(layer) ?? layer)) || null;
      found.set(`${path} ${reason}`, { path, kernel: kernel || error.message, reason: reason || error.message });
    }
  }
  return { programs, unsupported: [...found.values()] };
}
