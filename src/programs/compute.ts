import { createEagerExecutor } from "../engine/eager/eager-executor.js";
import type { Executor } from "../engine/graphs/executor.js";
import { createOnnxExecutor } from "../engine/onnx/run/onnx-executor.js";
import type { ProgramCache } from "../engine/onnx/run/program-cache.js";
import type { AssignedDevice } from "../trainer/protocol.js";
import type { Config } from "./config.js";

/**
 * What a process computes with on the device it was given. A process can use one GPU in its life, and TensorFlow with one
 * number of threads.
 *
 * @param programs what compiled executors keep for other processes; by default nothing.
 * @throws PlatformError UNSUPPORTED when what is asked for is not installed here.
 */
export function createExecutor(
  config: Pick<Config, "executor">,
  device: AssignedDevice,
  threads: number,
  programs?: ProgramCache,
): Executor {
  const { provider, uuid } = device;
  if (config.executor === "eager") return createEagerExecutor();
  // CUDA reads it when it is first used: from then on, this process sees no other GPU.
  if (provider === "cuda" && uuid !== null) process.env.CUDA_VISIBLE_DEVICES = uuid;
  if (config.executor === "compiled") return createOnnxExecutor({ provider, threads, programs });
  return createEagerExecutor({ backend: provider === "cuda" ? "tensorflow-gpu" : "tensorflow", threads });
}
