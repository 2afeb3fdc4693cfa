import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { createEagerExecutor } from "../../../src/engine/eager/eager-executor.js";
import type { TensorValues } from "../../../src/engine/graphs/executor.js";
import type { Graph, TensorSpec } from "../../../src/engine/graphs/graph.js";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import { elementCount } from "../../../src/engine/tensors/initializers.js";
import type { NamedTensors } from "../../../src/engine/tensors/named-tensors.js";
import { normal, randomKey } from "../../../src/engine/tensors/random.js";

export const eager = createEagerExecutor();
export const compiled = createOnnxExecutor({ provider: "cpu" });

/** A graph without state whose inputs are those shapes; int32 where the name starts with "i". */
export function graphOf(
  shapes: Record<string, number[]>,
  compute: (inputs: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[],
): Graph {
  const inputs = Object.entries(shapes).map(
    ([name, shape]): TensorSpec => ({ name, shape, dtype: name.startsWith("i") ? "int32" : "float32" }),
  );
  const run = (given: NamedTensors) => {
    const results = tf.tidy(() => [compute(given)].flat().map((tensor) => tf.clone(tf.cast(tensor, "float32"))));
    return { outputs: Object.fromEntries(results.map((tensor, index) => [`out${index}`, tensor])), state: {} };
  };
  return { name: "under test", inputs, state: [], outputs: shapesOf(inputs, run), run };
}

/** Shapes of the outputs, found by computing with zeros. */
function shapesOf(inputs: TensorSpec[], run: Graph["run"]): TensorSpec[] {
  return tf.tidy(() => {
    const zeros = Object.fromEntries(inputs.map(({ name, shape, dtype }) => [name, tf.zeros(shape, dtype)]));
    return Object.entries(run(zeros, {}).outputs).map(([name, { shape }]) => ({ name, shape, dtype: "float32" }));
  });
}

/** Reproducible inputs: normal numbers, or whole numbers from 0 to 2. */
export function valuesFor(graph: Graph): TensorValues {
  return Object.fromEntries(
    graph.inputs.map(({ name, shape, dtype }) => {
      const values = normal(randomKey(5, name), elementCount(shape));
      return [
        name,
        dtype === "int32" ? Int32Array.from(values, (x) => (Math.abs(x) * 10) % 3) : Float32Array.from(values),
      ];
    }),
  );
}

/** Runs a graph eagerly and compiled and expects the same numbers; NaN and infinities at the same places. */
export async function expectAgreement(graph: Graph, inputs: TensorValues, tolerance = 2e-5): Promise<void> {
  const [reference, candidate] = [await eager.load(graph), await compiled.load(graph)];
  try {
    const [expected, actual] = [await reference.run(inputs), await candidate.run(inputs)];
    expect(Object.keys(actual)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected)) expectSame(name, actual[name], values, tolerance);
  } finally {
    reference.dispose();
    candidate.dispose();
  }
}

/** Equal up to `tolerance`, relative for numbers above 1. */
export function expectSame(
  name: string,
  actual: ArrayLike<number> | undefined,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  expect(actual?.length, name).toBe(expected.length);
  const differing = Array.from(expected, (wanted, index) => ({ index, wanted, value: actual?.[index] as number })).find(
    ({ wanted, value }) => {
      if (Number.isFinite(wanted)) return !(Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted)));
      return !Object.is(value, wanted);
    },
  );
  expect(differing, name).toBeUndefined();
}
