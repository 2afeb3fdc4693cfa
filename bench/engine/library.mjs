// What the benchmark uses of the built engine.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// The engine is used without the platform, which turns ONNX Runtime's telemetry off.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

const root = process.env.PERENNIAL_BENCH_DIST ?? fileURLToPath(new URL("../../dist/", import.meta.url));
const load = (file) => import(pathToFileURL(path.join(path.resolve(root), file)).href);

/** How Node is run where we are measured: as a worker runs a trainer. */
export async function nodeFlags() {
  const { trainerFlags } = await load("worker/trainer-pool.js");
  return trainerFlags;
}

/** Functions of the build in `dist/`, or in `PERENNIAL_BENCH_DIST`, to compare two builds. */
export async function loadLibrary() {
  const [dataset, model, optimizer, state, parameters, random, safetensors, program, executor] = await Promise.all(
    [
      "language/datasets/resolve-dataset.js",
      "language/models/resolve-model.js",
      "language/algorithms/resolve-optimizer.js",
      "engine/networks/state.js",
      "engine/layers/parameters.js",
      "engine/tensors/random.js",
      "engine/files/safetensors.js",
      "engine/programs/training-program.js",
      "engine/onnx/run/onnx-executor.js",
    ].map(load),
  );
  return {
    resolveDataset: dataset.resolveDataset,
    resolveModel: model.resolveModel,
    resolveOptimizer: optimizer.resolveOptimizer,
    initialParameters: state.initialParameters,
    initialState: state.initialState,
    modelParameters: parameters.modelParameters,
    randomKey: random.randomKey,
    uniform: random.uniform,
    normal: random.normal,
    encodeSafetensors: safetensors.encodeSafetensors,
    decodeSafetensors: safetensors.decodeSafetensors,
    createTrainingProgram: program.createTrainingProgram,
    createOnnxExecutor: executor.createOnnxExecutor,
  };
}
