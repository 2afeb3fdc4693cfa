import { Tensor } from "onnxruntime-node";
import { checkTensors, type Executable, type Executor, type State, type TensorValues } from "../../graphs/executor.js";
import type { Graph } from "../../graphs/graph.js";
import type { LoopRunner } from "../fusion/loops.js";
import { handedName } from "../fusion/stages.js";
import { type DataType, elements, type Program, type Value, valueNamed } from "../program/model.js";
import { nodeName, serialize } from "../program/serialize.js";
import { nextName } from "../trace/trace.js";
import { compile } from "./compile.js";
import { refusedOutput, refusesCopies } from "./output-copies.js";
import type { ProgramCache } from "./program-cache.js";
import { createSessions, type Provider, runtimeVersion, type Session } from "./sessions.js";
import { isForCpu } from "./webgpu.js";

export interface OnnxExecutorOptions {
  provider: Provider;
  /** Threads that compute within one operation; results can differ in their last bits from count to count. Default 1. */
  threads?: number;
  /** For people who look for slow nodes: see `SessionOptions`. */
  profile?: string;
  /** Where programs are kept for the next process; by default nowhere. */
  programs?: ProgramCache;
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
export function createOnnxExecutor({ provider, threads = 1, profile, programs }: OnnxExecutorOptions): OnnxExecutor {
  const sessions = createSessions({ provider, threads, profile });
  return {
    name: `onnx-${provider}-${threads}`,
    runtime: runtimeVersion,
    async load(graph) {
      const start = performance.now();
      const plan = await compile(graph, provider, programs);
      const ready: ReadyStage[] = [];
      try {
        for (const { program } of plan.stages) {
          const isEmpty = program.outputs.length === 0;
          const onCpu = provider === "webgpu" ? program.nodes.filter(isForCpu).map(nodeName) : [];
          const sequence = provider === "cpu" && (await refusesCopies(program)) ? refusedOutput : undefined;
          const session = isEmpty ? undefined : await sessions.open(serialize(program, { sequence }), onCpu);
          ready.push({ program, session });
        }
      } catch (error) {
        for (const { session } of ready) void session?.release();
        throw error;
      }
      const nodes = plan.stages.reduce((sum, { program }) => sum + program.nodes.length, 0);
      const compiled = { compileMilliseconds: performance.now() - start, nodes };
      return Object.assign(new OnnxExecutable(graph, ready, plan.runner), compiled);
    },
  };
}

/** A program of a stage and its session; none where nothing is left for ONNX Runtime. */
interface ReadyStage {
  program: Program;
  session: Session | undefined;
}

type Tensors = Record<string, Tensor>;

/**
 * Three kinds of state: what a loop updates in its place; what ONNX Runtime computes anew, into buffers that then change
 * places with the old ones; and what the graph only reads. ONNX Runtime reads and writes the arrays that it is given, so
 * nothing is copied between steps, but where a loop reads state that ONNX Runtime renews.
 */
class OnnxExecutable implements Executable {
  private readonly state: Tensors;
  /** Where stages put what they compute and find what loops compute, by the output's or the handed name. */
  private readonly results: Tensors;
  /** State that ONNX Runtime computes anew. */
  private readonly renewed: string[];
  private disposed = false;

  constructor(
    private readonly graph: Graph,
    private readonly stages: readonly ReadyStage[],
    private readonly loops: LoopRunner,
  ) {
    const tensor = (name: string, { type, shape }: Pick<Value, "type" | "shape">) =>
      new Tensor(type, loops.arrays.get(name) ?? arrayOf(type, elements(shape)), shape);
    const state = graph.state.map(({ name, dtype, shape }) => [name, tensor(name, { type: dtype, shape })]);
    this.state = Object.fromEntries(state);
    const looped = stages.flatMap(({ program }) =>
      program.inputs.filter(({ name }) => loops.arrays.has(handedName(name))),
    );
    const outputs = stages.flatMap(({ program }) =>
      program.outputs.map(({ name, from }) => [name, tensor(name, valueNamed(program, from))]),
    );
    const handed = looped.map((value) => [handedName(value.name), tensor(handedName(value.name), value)]);
    this.results = Object.fromEntries([...handed, ...outputs]);
    this.renewed = graph.state.map(({ name }) => name).filter((name) => nextName(name) in this.results);
  }

  async run(inputs: TensorValues): Promise<Record<string, Float32Array>> {
    this.checkOpen();
    checkTensors(this.graph.inputs, inputs, true);
    const given: Tensors = {};
    for (const { name, dtype, shape } of this.graph.inputs) {
      const values = inputs[name] as Float32Array;
      given[name] = new Tensor(dtype, values, shape);
      this.loops.arrays.get(name)?.set(values);
    }
    for (const [index, stage] of this.stages.entries()) {
      await this.runStage(stage, given);
      this.loops.run(index);
    }
    // The updates. What they read of a state is its value before: only now does a new one take its place.
    this.loops.run(this.stages.length);
    for (const name of this.renewed) {
      const [before, next] = [tensorOf(this.state, name), tensorOf(this.results, nextName(name))];
      if (this.loops.arrays.has(name)) (before.data as Float32Array).set(next.data as Float32Array);
      else [this.state[name], this.results[nextName(name)]] = [next, before];
    }
    return Object.fromEntries(this.graph.outputs.map(({ name }) => [name, copy(this.results, name)]));
  }

  private async runStage({ program, session }: ReadyStage, given: Tensors): Promise<void> {
    if (!session) return;
    const feeds: Tensors = {};
    for (const { name } of program.inputs) {
      feeds[name] = this.state[name] ?? given[name] ?? tensorOf(this.results, handedName(name));
    }
    const fetches: Tensors = {};
    for (const { name } of program.outputs) fetches[name] = tensorOf(this.results, name);
    await session.run(feeds, fetches);
  }

  async readState(names: readonly string[] = this.graph.state.map(({ name }) => name)): Promise<State> {
    this.checkOpen();
    return Object.fromEntries(names.map((name) => [name, copy(this.state, name)]));
  }

  async peekState(names: readonly string[]): Promise<Readonly<State>> {
    this.checkOpen();
    return Object.fromEntries(names.map((name) => [name, numbersOf(this.state, name)]));
  }

  async copyState(into: State): Promise<void> {
    this.checkOpen();
    for (const [name, array] of Object.entries(into)) array.set(numbersOf(this.state, name));
  }

  async writeState(values: State): Promise<void> {
    this.checkOpen();
    checkTensors(this.graph.state, values, false);
    for (const [name, value] of Object.entries(values)) numbersOf(this.state, name).set(value);
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const { session } of this.stages) void session?.release();
  }

  private checkOpen(): void {
    if (this.disposed) throw new Error(`The executable of "${this.graph.name}" has been disposed of.`);
  }
}

function arrayOf(type: DataType, size: number) {
  if (type === "int32") return new Int32Array(size);
  if (type === "int64") return new BigInt64Array(size);
  return type === "bool" ? new Uint8Array(size) : new Float32Array(size);
}

function tensorOf(tensors: Tensors, name: string): Tensor {
  const tensor = tensors[name];
  if (!tensor) throw new Error(`There is no tensor "${name}".`);
  return tensor;
}

function numbersOf(tensors: Tensors, name: string): Float32Array {
  return tensorOf(tensors, name).data as Float32Array;
}

function copy(tensors: Tensors, name: string): Float32Array {
  return Float32Array.from(numbersOf(tensors, name));
}
