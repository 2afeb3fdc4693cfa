import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { PlatformError } from "../../errors.js";
import { registerGradients } from "../gradients/gradients.js";
import { registerTensorflowKernels } from "./tensorflow-kernels.js";

/** The packages that bring TensorFlow's native library to tfjs. Optional: nothing installs them by default. */
export const tensorflowPackages = {
  tensorflow: "@tensorflow/tfjs-node",
  "tensorflow-gpu": "@tensorflow/tfjs-node-gpu",
} as const;
export type TensorflowBackend = keyof typeof tensorflowPackages;

/** Where `npm run tfjs-node` builds; beside `src/` and `dist/`. Node looks further up from there, as it does for any module. */
const built = new URL("../../../.tfjs-node/", import.meta.url);

export interface TensorflowOptions {
  backend: TensorflowBackend;
  /** Threads that compute within one operation. */
  threads: number;
  /** A folder of which `node_modules`, and those of the folders above it, are searched for the package. */
  from?: URL;
}

/** What tfjs-node's backend tells beyond any other. */
interface NativeBackend extends tf.KernelBackend {
  binding: { TF_Version: string };
  /** Whether TensorFlow has found a GPU; without one it computes on the CPU. */
  isUsingGpuDevice: boolean;
}

interface Tensorflow {
  /** Such as `tfjs-node 4.22.0, TensorFlow 2.21.0`. */
  runtime: string;
}

/** TensorFlow is one per process, and its threads are as many as it was started with. */
let started: { backend: TensorflowBackend; threads: number; tensorflow: Tensorflow } | undefined;

/**
 * Starts TensorFlow in this process: from then on tfjs has a backend named `tensorflow`. The current backend stays.
 * @throws PlatformError UNSUPPORTED when the package is not installed, when its native library cannot be loaded or finds no
 * GPU though one is asked for, or when TensorFlow runs already with another package or number of threads.
 */
export function startTensorflow({ backend, threads, from = built }: TensorflowOptions): Tensorflow {
  if (started?.backend === backend && started.threads === threads) return started.tensorflow;
  if (started) {
    const running = `${tensorflowPackages[started.backend]} on ${started.threads} threads`;
    const message = `This process already runs ${running}; TensorFlow cannot be changed without a new process.`;
    throw new PlatformError("UNSUPPORTED", message);
  }
  const before = tf.getBackend();
  try {
    const tensorflow = load(backend, threads, from);
    registerTensorflowKernels();
    started = { backend, threads, tensorflow };
    return tensorflow;
  } finally {
    // The package brings tfjs's own gradients, several of which are wrong, and makes itself the backend.
    registerGradients();
    if (before) void tf.setBackend(before);
  }
}

/**
 * The package, and what requires it. The one for GPUs computes on a CPU as well: where it is all there is, as in the GPU
 * image, the CPU is not left without TensorFlow.
 */
function installed(backend: TensorflowBackend, from: URL): { name: string; require: NodeJS.Require } {
  for (const candidate of [backend, "tensorflow-gpu"] as const) {
    const name = tensorflowPackages[candidate];
    const require = createRequire(new URL(candidate === "tensorflow" ? "cpu/" : "gpu/", from));
    try {
      require.resolve(`${name}/package.json`);
      return { name, require };
    } catch {}
  }
  const command = backend === "tensorflow" ? "npm run tfjs-node -- build" : "npm run tfjs-node -- build --gpu";
  const message = `${tensorflowPackages[backend]} is not installed here: it is optional, and \`${command}\` builds it.`;
  throw new PlatformError("UNSUPPORTED", message);
}

function load(backend: TensorflowBackend, threads: number, from: URL): Tensorflow {
  const { name, require } = installed(backend, from);
  // A GPU that this process was not given must not compute for it.
  if (backend === "tensorflow") process.env.CUDA_VISIBLE_DEVICES = "-1";
  // The library takes its settings from the environment alone, when it starts.
  Object.assign(process.env, {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: "1",
    // Otherwise the first process on a GPU takes all of its memory.
    TF_FORCE_GPU_ALLOW_GROWTH: "true",
    // Errors and warnings, not what it finds out about the processor.
    TF_CPP_MIN_LOG_LEVEL: "1",
  });
  // Node 23 took away what tfjs-node 4.22 still calls.
  Object.assign(createRequire(import.meta.url)("node:util"), {
    isArray: Array.isArray,
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
  });
  let version: string;
  try {
    version = require(name).version["tfjs-node"];
  } catch (error) {
    const message = `${name} is installed, but its native library cannot be loaded: ${(error as Error).message}`;
    throw new PlatformError("UNSUPPORTED", message, {}, { cause: error });
  }
  const library = tf.findBackend("tensorflow") as NativeBackend;
  if (backend === "tensorflow-gpu" && !library.isUsingGpuDevice) {
    throw new PlatformError("UNSUPPORTED", `${name} is installed, but TensorFlow finds no GPU that it can use.`);
  }
  return { runtime: `${name.split("/")[1]} ${version}, TensorFlow ${library.binding.TF_Version}` };
}
