import type { Program, Value } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten } from "./rewrite.js";

/**
 * For WebGPU: adds channels of zeros to convolutions that ONNX Runtime 1.30 computes wrongly there. It reads three channels
 * at a time where it cannot read four, and then gets only the first three right.
 * https://github.com/microsoft/onnxruntime/issues/29651
 */
export function padChannels(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    if (node.op !== "Conv" || (node.attributes.group ?? 1) !== 1) return undefined;
    const [x, filter, ...bias] = inputs as [Value, Value, ...Value[]];
    const [filters, channels] = filter.shape as [number, number];
    if (channels <= 3 || channels % 3 !== 0 || channels % 4 === 0 || filters % 4 !== 0) return undefined;
    const more = 4 - (channels % 4);
    const [{ shape, type }] = node.outputs.map((name) => program.values.get(name)) as [Value];
    const operands = [widened(record, x, more), widened(record, filter, more), ...bias];
    return record.node("Conv", operands, { shape, type }, node.attributes);
  });
}

/** With that many zeros more along axis 1. */
function widened(record: Recorder, value: Value, more: number): Value {
  const zeros = value.shape.map(() => 0);
  const shape = value.shape.with(1, (value.shape[1] as number) + more);
  return record.node("Pad", [value, record.int64([...zeros, ...zeros.with(1, more)])], { shape, type: value.type });
}
