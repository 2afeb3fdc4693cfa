import { Tensor } from "onnxruntime-node";
import { checkTensors, type Executable, type Executor, type State, type TensorValues } from "../executor.js";
import type { Graph, TensorSpec } from "../graph.js";
import { bytesOf, createLoopRunner, type LoopRunner, maximumBytes } from "./fusion/loops.js";
import { handedName, type Loop, partition } from "./fusion/partition.js";
import { elements, type Program, type Value, valueNamed } from "./model.js";
import { limitBuffers } from "./passes/limit-buffers.js";
import { optimize } from "./passes/optimize.js";
import { removeUnusedInputs } from "./passes/remove-unused.js";
import { serialize } from "./serialize.js";
import { createSessions, type Provider, type Session } from "./sessions.js";
import { nextName, trace } from "./trace.js";

export interface OnnxExecutorOptions {
  provider: Provider;
  /** Threads that compute within one operation; results can differ in their last bits from count to count. Default 1. */
  threads?: number;
  /** For people who look for slow nodes: see `SessionOptions`. */
  profile?: string;
}

/** An executable that knows how long it took to make. */
export interface CompiledExecutable extends Executable {
  compileMilliseconds: number;
  /** Nodes of the program that was handed to ONNX Runtime, before its own optimizations. */
  nodes: number;
}

export interface OnnxExecutor extends Executor {
  load(graph: Graph): Promise<CompiledExecutable>;
}

/**
 * Runs graphs compiled, in ONNX Runtime: see `trace.ts`. The same graph, inputs and state give the same results bit for
 * bit on every run with the same provider, thread count, processor level and build of ONNX Runtime.
 */
export function createOnnxExecutor({ provider, threads = 1, profile }: OnnxExecutorOptions): OnnxExecutor {
  const sessions = createSessions({ provider, threads, profile });
  return {
    name: `onnx-${provider}-${threads}`,
    async load(graph) {
      const start = performance.now();
      const optimized = optimize(trace(graph));
      const program = provider === "webgpu" ? limitBuffers(optimized) : optimized;
      const { main, runner } = cut(graph, program, provider);
      const session = await sessions.open(serialize(main));
      const compiled = { compileMilliseconds: performance.now() - start, nodes: main.nodes.length };
      return Object.assign(new OnnxExecutable(graph, main, session, runner), compiled);
    },
  };
}

/**
 * The program for ONNX Runtime, and the loops that update the state after it. No loops on a device, which the state would
 * have to leave for them, nor where they could not address all of it.
 */
function cut(graph: Graph, program: Program, provider: Provider): { main: Program; runner: LoopRunner } {
  const updates = new Map(program.outputs.flatMap(({ name }) => stateBehind(graph, name)));
  const { main, loops } = partition(program, updates);
  const places = placesOf(program, loops, updates);
  if (provider !== "cpu" || bytesOf(places.sizes) > maximumBytes) {
    return { main: removeUnusedInputs(program), runner: createLoopRunner(program, [], new Map(), String) };
  }
  return { main: removeUnusedInputs(main), runner: createLoopRunner(program, loops, places.sizes, places.placeOf) };
}

/** Pairs the output that holds new state with the state that it replaces. */
function stateBehind(graph: Graph, output: string): [string, string][] {
  return graph.state.filter(({ name }) => nextName(name) === output).map(({ name }) => [output, name]);
}

/** Where loops find what they read and write: state in its own place, the rest as it is handed to them. */
function placesOf(program: Program, loops: readonly Loop[], updates: ReadonlyMap<string, string>) {
  const inputs = new Set(program.inputs.map(({ name }) => name));
  const placeOf = (name: string) => updates.get(name) ?? (inputs.has(name) ? name : handedName(name));
  const sizes = new Map<string, number>();
  for (const loop of loops) {
    for (const name of [...loop.tensors, ...loop.scalars]) {
      sizes.set(placeOf(name), elements(valueNamed(program, name).shape));
    }
    for (const { name, from } of loop.outputs) sizes.set(placeOf(name), elements(valueNamed(program, from).shape));
  }
  return { sizes, placeOf };
}

type Tensors = Record<string, Tensor>;

/**
 * Three kinds of state: what a loop updates in its place; what ONNX Runtime computes anew, into buffers that then change
 * places with the old ones; and what the graph only reads. Nothing is copied between steps, but where a loop reads state
 * that ONNX Runtime renews.
 */
class OnnxExecutable implements Executable {
  private readonly state: Tensors;
  private readonly results: Tensors;
  /** State that has two buffers. */
  private readonly swapped: string[];
  /** State that ONNX Runtime computes anew and loops read as it was before: they know one place of it, so it is copied there. */
  private readonly copied: string[];
  private disposed = false;

  constructor(
    private readonly graph: Graph,
    private readonly program: Program,
    private readonly session: Session,
    private readonly loops: LoopRunner,
  ) {
    this.state = tensors(graph.state, loops.arrays);
    const outputs = program.outputs.map(({ name, from }): Value => ({ ...valueNamed(program, from), name }));
    this.results = tensors(outputs, loops.arrays);
    const renewed = graph.state.map(({ name }) => name).filter((name) => nextName(name) in this.results);
    this.swapped = renewed.filter((name) => !loops.arrays.has(name));
    this.copied = renewed.filter((name) => loops.arrays.has(name));
  }

  async run(inputs: TensorValues): Promise<Record<string, Float32Array>> {
    this.checkOpen();
    checkTensors(this.graph.inputs, inputs, true);
    const feeds: Tensors = {};
    for (const { name, type, shape } of this.program.inputs) {
      feeds[name] = this.state[name] ?? new Tensor(type, inputs[name] as Float32Array, shape);
    }
    await this.session.run(feeds, this.results);
    for (const { name } of this.graph.inputs) this.loops.arrays.get(name)?.set(inputs[name] as Float32Array);
    this.loops.run();
    for (const name of this.copied) numbersOf(this.state, name).set(numbersOf(this.results, nextName(name)));
    for (const name of this.swapped) {
      const before = this.state[name] as Tensor;
      this.state[name] = this.results[nextName(name)] as Tensor;
      this.results[nextName(name)] = before;
    }
    return Object.fromEntries(this.graph.outputs.map(({ name }) => [name, copy(this.results, name)]));
  }

  async readState(names: readonly string[] = this.graph.state.map(({ name }) => name)): Promise<State> {
    this.checkOpen();
    return Object.fromEntries(names.map((name) => [name, copy(this.state, name)]));
  }

  async writeState(values: State): Promise<void> {
    this.checkOpen();
    checkTensors(this.graph.state, values, false);
    for (const [name, value] of Object.entries(values)) numbersOf(this.state, name).set(value);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    void this.session.release();
  }

  private checkOpen(): void {
    if (this.disposed) throw new Error(`The executable of "${this.graph.name}" has been disposed of.`);
  }
}

/** Tensors of zeros, in the arrays that loops work on where there is one of that name. */
function tensors(specs: readonly (TensorSpec | Value)[], arrays: ReadonlyMap<string, Float32Array>): Tensors {
  return Object.fromEntries(
    specs.map((spec) => {
      const type = "dtype" in spec ? spec.dtype : spec.type;
      const size = elements(spec.shape);
      const made = type === "int32" ? new Int32Array(size) : new Float32Array(size);
      return [spec.name, new Tensor(type, arrays.get(spec.name) ?? made, spec.shape)];
    }),
  );
}

function numbersOf(tensors: Tensors, name: string): Float32Array {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`There is no tensor "${name}".`);
  return tensor.data as Float32Array;
}

function copy(tensors: Tensors, name: string): Float32Array {
  return Float32Array.from(numbersOf(tensors, name));
}
