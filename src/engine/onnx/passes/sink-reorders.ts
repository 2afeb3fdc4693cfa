import { blockedDomain, fromBlocked } from "../kernels/blocked.js";
import { elements, type Program, sameShape, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { broadcasting, pointwise, rewritten, usesOf } from "./rewrite.js";

/**
 * Keeps images in blocks of channels from one convolution to the next: what works element by element between them does not
 * care where an element lies, and the way out of the layout and back into it cancels. A bias becomes the convolution's own.
 */
export function sinkReorders(program: Program): Program {
  const uses = usesOf(program);
  return rewritten(program, (node, inputs, record) => {
    const [x] = inputs;
    if (node.op === "ReorderInput") return sourceOf(record, x);
    const result = valueNamed(program, node.outputs[0] as string);
    // ONNX Runtime reorders nothing but these.
    if (result.type !== "float32") return undefined;
    if (pointwise.has(node.op)) {
      const source = sourceOf(record, x);
      const like = source && { shape: source.shape, type: result.type };
      return like && fromBlocked(record, record.node(node.op, [source], like, node.attributes));
    }
    if (!broadcasting.has(node.op)) return undefined;
    if (node.op === "Add" && inputs.length === 2) {
      for (const [sum, bias, name] of [
        [inputs[0], inputs[1], node.inputs[0]],
        [inputs[1], inputs[0], node.inputs[1]],
      ] as [Value, Value, string][]) {
        if (uses.get(name) !== 1) continue;
        const biased = withBias(record, sum, bias);
        if (biased) return fromBlocked(record, biased);
      }
    }
    const images = inputs.map((input) => sourceOf(record, input));
    const image = images.find((source) => source !== undefined);
    // Only one number can be spread over an image in this layout: for the rest, ONNX Runtime would go by its declared shape.
    const fits = inputs.every((input, index) => {
      const source = images[index];
      return source ? sameShape(source.shape, image?.shape ?? []) : input && elements(input.shape) === 1;
    });
    if (!image || !fits) return undefined;
    const sources = inputs.map((input, index) => images[index] ?? input);
    return fromBlocked(
      record,
      record.node(node.op, sources, { shape: image.shape, type: result.type }, node.attributes),
    );
  });
}

/** The image in blocks that `value` was reordered from. */
function sourceOf(record: Recorder, value: Value | undefined): Value | undefined {
  const node = value && record.producer(value);
  return node?.op === "ReorderOutput" ? valueNamed(record.program, node.inputs[0] as string) : undefined;
}

/** The convolution behind `sum`, with one number for each channel added within it. */
function withBias(record: Recorder, sum: Value, bias: Value): Value | undefined {
  const convolved = sourceOf(record, sum);
  const node = convolved && record.producer(convolved);
  if (node?.op !== "Conv" || node.inputs.length > 2) return undefined;
  const channels = convolved?.shape[1] as number;
  if (bias.shape.at(-1) !== channels || elements(bias.shape) !== channels) return undefined;
  const row =
    bias.shape.length === 1
      ? bias
      : record.node("Reshape", [bias, record.int64([channels])], { shape: [channels], type: bias.type });
  const factors = node.inputs.map((input) => valueNamed(record.program, input));
  return record.nodes("Conv", [...factors, row], [convolved as Value], node.attributes, blockedDomain)[0];
}
