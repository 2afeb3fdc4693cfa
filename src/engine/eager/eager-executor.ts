import * as tf from "@tensorflow/tfjs-core";
import { checkTensors, type Executable, type Executor, type State, type TensorValues } from "../graphs/executor.js";
import type { Graph, TensorSpec } from "../graphs/graph.js";
import { elementCount } from "../tensors/initializers.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { registerCpuKernels } from "./cpu-kernels.js";
import { startTensorflow, type TensorflowBackend } from "./tensorflow.js";

/** What computes: tfjs's own JavaScript, or TensorFlow's native library where a user installed it. */
export type EagerBackend = "cpu" | TensorflowBackend;

export interface EagerExecutorOptions {
  /** Default `cpu`. */
  backend?: EagerBackend;
  /** Threads that compute within one operation; JavaScript has but one. Default 1. */
  threads?: number;
  /** Where TensorFlow's package is looked for: see `TensorflowOptions`. */
  from?: URL;
}

/**
 * Runs each operation as the graph calls it. On the backend `cpu`, in plain JavaScript without any native code, it is the
 * reference: slow beside a compiled executor, but it defines the results that the others are compared with.
 * @throws PlatformError UNSUPPORTED when the backend is one of TensorFlow's and cannot be had: see `startTensorflow`.
 */
export function createEagerExecutor({ backend = "cpu", threads = 1, from }: EagerExecutorOptions = {}): Executor {
  tf.enableProdMode();
  registerCpuKernels();
  if (backend === "cpu") return eagerExecutor("eager-cpu", `tfjs ${tf.version_core}`, "cpu");
  const { runtime } = startTensorflow({ backend, threads, from });
  return eagerExecutor(`eager-${backend}-${threads}`, runtime, "tensorflow");
}

function eagerExecutor(name: string, runtime: string, backend: string): Executor {
  return { name, runtime, load: async (graph) => new EagerExecutable(graph, backend) };
}

/**
 * The backend is global to tfjs: another executor in this process may have chosen its own since the last call. It is
 * chosen at once for backends that need no time to start, as all of these, so no other executor comes in between.
 */
function selectBackend(backend: string): void {
  if (tf.getBackend() !== backend) void tf.setBackend(backend);
}

class EagerExecutable implements Executable {
  private state: NamedTensors;

  constructor(
    private readonly graph: Graph,
    private readonly backend: string,
  ) {
    selectBackend(backend);
    this.state = toTensors(graph.state, Object.fromEntries(graph.state.map((spec) => [spec.name, zeros(spec)])));
  }

  async run(inputs: TensorValues): Promise<Record<string, Float32Array>> {
    checkTensors(this.graph.inputs, inputs, true);
    selectBackend(this.backend);
    const given = toTensors(this.graph.inputs, inputs);
    let result: ReturnType<Graph["run"]>;
    try {
      result = this.graph.run(given, this.state);
    } finally {
      tf.dispose(given);
    }
    for (const [name, tensor] of Object.entries(result.state)) {
      this.state[name]?.dispose();
      this.state[name] = tensor;
    }
    const outputs = await readAll(result.outputs);
    tf.dispose(result.outputs);
    return outputs;
  }

  async readState(names: readonly string[] = this.graph.state.map(({ name }) => name)): Promise<State> {
    return readAll(Object.fromEntries(names.map((name) => [name, tensorNamed(this.state, name)])));
  }

  async peekState(names: readonly string[]): Promise<Readonly<State>> {
    return this.readState(names);
  }

  async copyState(into: State): Promise<void> {
    for (const [name, array] of Object.entries(into)) {
      array.set((await tensorNamed(this.state, name).data()) as Float32Array);
    }
  }

  async writeState(values: State): Promise<void> {
    checkTensors(this.graph.state, values, false);
    selectBackend(this.backend);
    const specs = this.graph.state.filter(({ name }) => Object.hasOwn(values, name));
    // The backend keeps a reference to the array it is given; the caller's must stay the caller's.
    const copies = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.slice()]));
    for (const [name, tensor] of Object.entries(toTensors(specs, copies))) {
      this.state[name]?.dispose();
      this.state[name] = tensor;
    }
  }

  dispose(): void {
    tf.dispose(this.state);
    this.state = {};
  }
}

function zeros(spec: TensorSpec): Float32Array | Int32Array {
  return spec.dtype === "int32" ? new Int32Array(elementCount(spec.shape)) : new Float32Array(elementCount(spec.shape));
}

function toTensors(specs: readonly TensorSpec[], values: TensorValues): NamedTensors {
  return Object.fromEntries(
    specs.map(({ name, shape, dtype }) => [name, tf.tensor(values[name] as Float32Array, shape, dtype)]),
  );
}

/** Copies, because `data` can answer the array that the tensor itself uses. */
async function readAll(tensors: NamedTensors): Promise<Record<string, Float32Array>> {
  const read: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(tensors)) read[name] = Float32Array.from(await tensor.data());
  return read;
}
