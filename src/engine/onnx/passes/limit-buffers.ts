import { type Program, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten } from "./rewrite.js";

/** Tensors that one operation may read and write on any WebGPU device, which guarantees 8 storage buffers. */
const most = 7;

/** For GPUs, whose shaders see few buffers: takes wide splits apart into slices, and wide concatenations into steps. */
export function limitBuffers(program: Program): Program {
  return rewritten(program, (node, inputs, record) => {
    const axis = node.attributes.axis as number;
    if (node.op === "Concat" && inputs.length > most) return concatenated(record, inputs as Value[], axis);
    if (node.op !== "Split" || node.outputs.length <= most) return undefined;
    let start = 0;
    return node.outputs.map((name) => {
      const result = valueNamed(program, name);
      const end = start + (result.shape[axis] as number);
      const range = [[start], [end], [axis]].map((values) => record.int64(values));
      start = end;
      return record.node("Slice", [inputs[0], ...range], result);
    });
  });
}

function concatenated(record: Recorder, parts: Value[], axis: number): Value {
  if (parts.length === 1) return parts[0] as Value;
  const groups: Value[] = [];
  for (let first = 0; first < parts.length; first += most) {
    const group = parts.slice(first, first + most);
    const [{ shape, type }] = group as [Value];
    const size = group.reduce((sum, part) => sum + (part.shape[axis] as number), 0);
    const joined = { shape: shape.with(axis, size), type };
    groups.push(group.length === 1 ? (group[0] as Value) : record.node("Concat", group, joined, { axis }));
  }
  return concatenated(record, groups, axis);
}
