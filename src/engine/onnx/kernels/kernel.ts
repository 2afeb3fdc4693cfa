import * as tf from "@tensorflow/tfjs-core";
import type { Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";

/** What a program is compiled for, as far as the best form of an operation depends on it. */
export interface Target {
  /**
   * How many channels lie side by side in ONNX Runtime's own layout for images on this processor (see `blocked.ts`), or 0
   * for a program that is to run anywhere.
   */
  channelBlock: number;
  /** Whether there are loops of our own beside ONNX Runtime, for the operations in `../fusion/composite.ts`. */
  loops: boolean;
}

/** ONNX's standard operations only. */
export const anywhere: Target = { channelBlock: 0, loops: false };

/** A call of a tfjs kernel, with values in place of tensors. */
export interface KernelCall {
  record: Recorder;
  target: Target;
  /** The inputs in the kernel's order; AddN, Concat and Pack take a list. */
  list: Value[];
  /** The input of that name. */
  input(name: string): Value;
  /** The input of that name, where it was given. */
  optional(name: string): Value | undefined;
  attributes: tf.NamedAttrMap;
}

/** What a kernel computes in ONNX's operations. Several values for a kernel with several outputs. */
export type KernelForm = (call: KernelCall) => Value | Value[];

/** The forms of some kernels by their names in tfjs. */
export type KernelForms = Record<string, KernelForm>;

/** The axes that an attribute means: one or several, counted from the end where negative; none given means all. */
export function axesOf(attribute: unknown, x: Value): number[] {
  return tf.util.parseAxisParam(attribute as number | number[], x.shape);
}

/** The axis that an attribute means. */
export function axisOf(attribute: unknown, x: Value): number {
  return axesOf(attribute, x)[0] as number;
}
