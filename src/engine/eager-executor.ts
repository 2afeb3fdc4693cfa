import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { checkTensors, type Executable, type Executor, type State, type TensorValues } from "./executor.js";
import type { Graph, TensorSpec } from "./graph.js";
import { sizeOf } from "./initializers.js";
import { type NamedTensors, tensorNamed } from "./named-tensors.js";

/**
 * The reference executor: runs each operation as the graph calls it, in plain JavaScript, without any native code. Slow
 * beside a compiled one, but it defines the results that the others are compared with.
 */
export function createEagerExecutor(): Executor {
  tf.enableProdMode();
  return {
    name: "eager-cpu",
    async load(graph) {
      await selectBackend();
      return new EagerExecutable(graph);
    },
  };
}

/** The backend is global to tfjs: another executor in this process may have chosen its own since the last call. */
async function selectBackend(): Promise<void> {
  if (tf.getBackend() !== "cpu") await tf.setBackend("cpu");
}

class EagerExecutable implements Executable {
  private state: NamedTensors;

  constructor(private readonly graph: Graph) {
    this.state = toTensors(graph.state, Object.fromEntries(graph.state.map((spec) => [spec.name, zeros(spec)])));
  }

  async run(inputs: TensorValues): Promise<Record<string, Float32Array>> {
    checkTensors(this.graph.inputs, inputs, true);
    await selectBackend();
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

  async writeState(values: State): Promise<void> {
    checkTensors(this.graph.state, values, false);
    await selectBackend();
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
  return spec.dtype === "int32" ? new Int32Array(sizeOf(spec.shape)) : new Float32Array(sizeOf(spec.shape));
}

function toTensors(specs: readonly TensorSpec[], values: TensorValues): NamedTensors {
  return Object.fromEntries(
    specs.map(({ name, shape, dtype }) => [name, tf.tensor(values[name] as Float32Array, shape, dtype)]),
  );
}

/** Copies, because `data` of this backend answers the array that the tensor itself uses. */
async function readAll(tensors: NamedTensors): Promise<Record<string, Float32Array>> {
  const read: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(tensors)) read[name] = Float32Array.from(await tensor.data());
  return read;
}
