import { elements, type Program, sameShape, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten, usesOf } from "./rewrite.js";

/** Adds a bias to a product or a convolution within it: Gemm and Conv take one as their third input. */
export function fuseBias(program: Program): Program {
  const uses = usesOf(program);
  return rewritten(program, (node, inputs, record) => {
    if (node.op !== "Add") return undefined;
    const result = valueNamed(program, node.outputs[0] as string);
    for (const [sum, bias, name] of [
      [inputs[0], inputs[1], node.inputs[0]],
      [inputs[1], inputs[0], node.inputs[1]],
    ] as [Value, Value, string][]) {
      const producer = record.producer(sum);
      if (!producer || producer.domain || producer.inputs.length > 2 || uses.get(name) !== 1) continue;
      const third =
        producer.op === "Gemm"
          ? addend(bias, result)
          : producer.op === "Conv"
            ? channels(record, bias, result)
            : undefined;
      if (!third) continue;
      const factors = producer.inputs.map((input) => valueNamed(record.program, input));
      return record.node(producer.op, [...factors, third], result, producer.attributes);
    }
    return undefined;
  });
}

/** A row, one number for all, or a number for each. A column would be read anew for every element. */
function addend(bias: Value, result: Value): Value | undefined {
  if (sameShape(bias.shape, result.shape)) return bias;
  const count = elements(bias.shape);
  return bias.shape.length <= 2 && (count === 1 || count === bias.shape.at(-1)) ? bias : undefined;
}

/** One number for each channel [channels, 1, 1], as the list that it was made from. */
function channels(record: Recorder, bias: Value, result: Value): Value | undefined {
  const [count, ...rest] = bias.shape;
  if (rest.length !== result.shape.length - 2 || rest.some((size) => size !== 1)) return undefined;
  if (count !== result.shape[1]) return undefined;
  const shape = [count as number];
  return record.node("Reshape", [bias, record.int64(shape)], { shape, type: bias.type });
}
