import { guardNaN } from "../passes/guard-nan.js";
import { limitBuffers } from "../passes/limit-buffers.js";
import { padChannels } from "../passes/pad-channels.js";
import type { Node, Program } from "../program/model.js";

/** What ONNX Runtime 1.30 computes on WebGPU as it should: the same program, but for what shaders cannot do or do wrong. */
export function forWebgpu(program: Program): Program {
  return limitBuffers(padChannels(guardNaN(program)));
}

/**
 * Whether a node must stay on the CPU, because on WebGPU ONNX Runtime 1.30 fails when it runs (a maximum pool's positions)
 * or gives wrong numbers (a transposed convolution in groups).
 */
export function isForCpu({ op, outputs, attributes }: Node): boolean {
  if (op === "MaxPool") return outputs.length > 1;
  return op === "ConvTranspose" && typeof attributes.group === "number" && attributes.group > 1;
}
