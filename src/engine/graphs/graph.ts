/**
 * # How a declared model becomes numbers
 *
 *     ModelSpec + OptimizerSpec      what the user declared, every default resolved (`language/`)
 *            |
 *            |   trainingGraph, evaluationGraph, predictionGraph
 *            v
 *          Graph                     one pure function of named tensors, with a static signature: layers, loss,
 *            |                       gradients, clipping and the update rule, written once in tfjs operations
 *            |   Executor.load
 *            v
 *        Executable                  runs the graph and owns its state: `run(inputs)`, `readState`, `writeState`
 *            |
 *            v
 *   TrainingProgram, Predictor       what the trainer and the server use: batches, dropout masks, learning rates
 *
 * A graph is static: every shape is known, the batch size included, and nothing in it is random, reads a clock or
 * depends on a value. What changes from step to step comes in as an *input*: the batch, the weights and shares that mask the padding
 * of a partial batch, the scalars of the update rule, the dropout masks. What a step hands to the next is the *state*:
 * parameters, moving statistics and optimizer slots, given and returned by name. So a graph can be run in two ways that
 * agree: by calling `run` with real tensors (`eager-executor.ts`), or by calling it once with symbolic ones and
 * compiling what it did; an executor of that kind needs nothing beyond this file.
 *
 * Names in the state: `<layer>/<parameter>`, such as `dense_0/kernel`, and `optimizer/<slot>/<layer>/<parameter>`.
 * A layer within a layer has the path to it, such as `residual_1/dense_0`, for its name.
 * Names of inputs: `x`, `y`, `weight`, `row_share`, `optimizer/<scalar>`, `random/<layer>/<name>`.
 */
import type { NamedTensors } from "../tensors/named-tensors.js";

/** The name, shape and type of a tensor that enters or leaves a graph. */
export interface TensorSpec {
  name: string;
  /** With the batch dimension, where there is one; `[]` is a scalar. */
  shape: number[];
  dtype: "float32" | "int32";
}

/** A pure function of tensors with a static signature. */
export interface Graph {
  /** For people: what is computed and for which batch size. */
  name: string;
  /** All that decides what is computed, as JSON: graphs with equal ones are the same. Without one it is like no other. */
  identity?: unknown;
  inputs: TensorSpec[];
  /** `run` takes all of it and returns all of it, or none of it when the graph only reads its state. */
  state: TensorSpec[];
  outputs: TensorSpec[];
  /**
   * Computes with tfjs operations on the current backend. Everything returned is new and belongs to the caller; the
   * arguments stay the caller's, and nothing else outlives the call.
   */
  run(inputs: NamedTensors, state: NamedTensors): { outputs: NamedTensors; state: NamedTensors };
}
