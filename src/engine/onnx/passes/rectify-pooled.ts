import { maxPoolGradient } from "../program/composite.js";
import { type Node, type Program, type Value, valueNamed } from "../program/model.js";
import type { Recorder } from "../program/recorder.js";
import { rewritten, usesOf } from "./rewrite.js";
import { isStep } from "./step-after-relu.js";

/**
 * Rectified images that are pooled: instead of multiplying the gradient by the rectifier's derivative everywhere, does so
 * for each window alone. Only its greatest number gets any gradient, and that one is above 0 if its window's maximum is.
 */
export function rectifyPooled(program: Program): Program {
  const uses = usesOf(program);
  return rewritten(program, (node, inputs, record) => {
    if (node.op !== "Mul") return undefined;
    for (const [index, factor] of [inputs[1], inputs[0]].entries()) {
      const pooled = producerOf(record, inputs[index]);
      const step = producerOf(record, factor);
      if (pooled?.op !== maxPoolGradient || !step || !isStep(step)) continue;
      if (uses.get(node.inputs[index] as string) !== 1 || step.inputs[0] !== pooled.inputs[1]) continue;
      const given = pooled.inputs.map((name) => valueNamed(record.program, name));
      const result = valueNamed(program, node.outputs[0] as string);
      return record.nodes(pooled.op, given, [result], { ...pooled.attributes, rectified: 1 }, pooled.domain);
    }
    return undefined;
  });
}

function producerOf(record: Recorder, value: Value | undefined): Node | undefined {
  return value && record.producer(value);
}
