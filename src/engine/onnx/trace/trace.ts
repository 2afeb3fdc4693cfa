/**
 * # How a graph is compiled
 *
 *     Graph.run(inputs, state)            tfjs operations: forward pass, gradients, update rule
 *            |
 *            |   trace: runs it ONCE on a tfjs backend that computes nothing (`backend.ts`)
 *            v
 *         Program                         every kernel that tfjs asked for, as a node of ONNX (`kernels/`, `model.ts`)
 *            |
 *            |   optimize: rewrites that keep the meaning (`passes/`)
 *            |   partition: cuts off the updates of the state, where every element is by itself (`fusion/`)
 *            |   stages: cuts where a loop of ours stands between two operations, such as the way back through pooling
 *            |   serialize: the bytes of an ONNX file (`serialize.ts`, `protobuf.ts`)
 *            v
 *      onnxruntime-node                   runs it natively, step after step (`onnx-executor.ts`); in between and at the end
 *                                         loops in WebAssembly go over memory once instead of a dozen times
 *
 * tfjs calls its backend for every operation: "multiply these two tensors, the result has this shape". A usual backend
 * computes numbers. This one gives each result a name and writes down `Mul(a, b) -> c`. Because a graph is static, the
 * recording of one call holds for all calls: gradients are in it as well, since tfjs's automatic differentiation is
 * nothing but more operations. Numbers that the graph itself wrote, such as epsilons, become constants of the program;
 * its inputs and its state become inputs of the program, and the new state becomes outputs.
 *
 * On a CPU, images are kept the way its convolutions are fastest: `kernels/blocked.ts`.
 *
 * To teach it an operation: add a few lines to the file of its family in `kernels/`. What is not there is refused with
 * the kernel's name and its layer, before anything runs.
 */
import { currentLayer } from "../../graphs/current-layer.js";
import type { Graph, TensorSpec } from "../../graphs/graph.js";
import type { NamedTensors } from "../../tensors/named-tensors.js";
import { anywhere, type Target } from "../kernels/kernel.js";
import type { Program } from "../program/model.js";
import { Recorder } from "../program/recorder.js";
import { recordInto } from "./backend.js";

/**
 * Each operation takes time and memory to record, optimize and load; windows and sequences could ask for millions, and whoever
 * declares a model must not keep a server busy with that.
 */
const mostNodes = 100_000;
export const graphLimits = { nodes: mostNodes } as const;

/** The name of the output that holds the new value of a tensor of the state. */
export function nextName(name: string): string {
  return `next/${name}`;
}

/**
 * Records a graph, in the forms that are best for `target`. The program's inputs are the graph's inputs and its state, its outputs are the graph's outputs and,
 * named by `nextName`, the state that it returns. Synchronous, and leaves tfjs as it was.
 * @throws PlatformError UNSUPPORTED when an operation cannot be compiled, or when there are more than 100,000; the message
 * names the operation and the layer.
 */
export function trace(graph: Graph, target: Target = anywhere): Program {
  const record = new Recorder(graph.name, currentLayer, mostNodes);
  return recordInto(
    record,
    (symbol, valueBehind) => {
      const symbols = (specs: TensorSpec[]): NamedTensors =>
        Object.fromEntries(specs.map(({ name, shape, dtype }) => [name, symbol(record.input(name, shape, dtype))]));
      const result = graph.run(symbols(graph.inputs), symbols(graph.state));
      for (const { name } of graph.outputs) record.output(name, valueBehind(resultNamed(graph, result.outputs, name)));
      for (const { name } of graph.state) {
        const next = result.state[name];
        if (next) record.output(nextName(name), valueBehind(next));
      }
      return record.program;
    },
    target,
  );
}

function resultNamed(graph: Graph, outputs: NamedTensors, name: string) {
  const tensor = outputs[name];
  if (!tensor) throw new Error(`The graph "${graph.name}" did not return its output "${name}".`);
  return tensor;
}
