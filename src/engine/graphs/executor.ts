import { PlatformError } from "../../errors.js";
import { elementCount } from "../tensors/initializers.js";
import type { Graph, TensorSpec } from "./graph.js";

/** Tensors by name as plain numbers, row-major. */
export type TensorValues = Record<string, Float32Array | Int32Array>;

/** The state of a graph by name: parameters, moving statistics and optimizer slots. */
export type State = Record<string, Float32Array>;

/** Turns graphs into something that runs: eagerly, or compiled. */
export interface Executor {
  /** Part of what a run is reproducible for, such as `eager-cpu`. */
  name: string;
  /** The library that computes, with its version: as much a part of what a run is reproducible for. */
  runtime: string;
  load(graph: Graph): Promise<Executable>;
}

/** A loaded graph with its own state, all zero until it is written. Calls must not overlap. */
export interface Executable {
  /**
   * Runs the graph once; where it returns state, that replaces the state.
   * @throws PlatformError BAD_INPUT when an input is missing, unknown or of the wrong length or type; the state is untouched.
   */
  run(inputs: TensorValues): Promise<Record<string, Float32Array>>;
  /** Copies of the named tensors of the state; of all of them by default. */
  readState(names?: readonly string[]): Promise<State>;
  /** `readState` for who only looks, before the next call: with no copy where the numbers are at hand. */
  peekState(names: readonly string[]): Promise<Readonly<State>>;
  /** `readState` into arrays of the caller's, each of its tensor's size: the only copy that is made. */
  copyState(into: State): Promise<void>;
  /** Replaces the named tensors, all or none: @throws PlatformError BAD_INPUT as `run` does. Copies the numbers. */
  writeState(values: State): Promise<void>;
  /** Releases the state. The executable cannot be used afterwards. */
  dispose(): void;
}

/**
 * Checks values against a signature.
 * @param complete whether every tensor of the signature must be there.
 * @throws PlatformError BAD_INPUT that names the tensor.
 */
export function checkTensors(specs: readonly TensorSpec[], values: TensorValues, complete: boolean): void {
  const known = new Map(specs.map((spec) => [spec.name, spec]));
  for (const [name, value] of Object.entries(values)) {
    const spec = known.get(name);
    if (!spec) throw new PlatformError("BAD_INPUT", `There is no tensor "${name}".`);
    const fits = spec.dtype === "int32" ? value instanceof Int32Array : value instanceof Float32Array;
    if (!fits) throw new PlatformError("BAD_INPUT", `The tensor "${name}" must be of type ${spec.dtype}.`);
    const size = elementCount(spec.shape);
    if (value.length !== size) {
      const shape = `[${spec.shape.join(", ")}]`;
      throw new PlatformError(
        "BAD_INPUT",
        `The tensor "${name}" of shape ${shape} needs ${size} numbers, not ${value.length}.`,
      );
    }
  }
  if (!complete) return;
  const missing = specs.filter(({ name }) => !Object.hasOwn(values, name)).map(({ name }) => name);
  if (missing.length > 0) throw new PlatformError("BAD_INPUT", `Missing tensors: ${missing.join(", ")}.`);
}
