import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect } from "vitest";
import { anywhere } from "../../../src/engine/onnx/kernels/kernel.js";
import type { Pass } from "../../../src/engine/onnx/passes/pass.js";
import { removeUnused } from "../../../src/engine/onnx/passes/remove-unused.js";
import { elements, type Program, valueNamed } from "../../../src/engine/onnx/program/model.js";
import { Recorder } from "../../../src/engine/onnx/program/recorder.js";
import { serialize } from "../../../src/engine/onnx/program/serialize.js";
import { normal, randomKey } from "../../../src/engine/tensors/random.js";
import { expectSame } from "./compare.js";

/** A program written down by `write`. */
export function programOf(write: (record: Recorder) => void): Program {
  const record = new Recorder("under test");
  write(record);
  return record.program;
}

/** Its operations in order. */
export function operationsOf(program: Program): string[] {
  return program.nodes.map(({ op }) => op);
}

/** What ONNX Runtime computes for reproducible inputs. */
async function resultsOf(program: Program): Promise<Record<string, Float32Array>> {
  const session = await InferenceSession.create(serialize(program), { graphOptimizationLevel: "disabled" });
  const feeds = program.inputs.map(({ name, shape }) => {
    const values = Float32Array.from(normal(randomKey(2, name), elements(shape)));
    return [name, new Tensor("float32", values, shape)] as const;
  });
  const results = await session.run(Object.fromEntries(feeds));
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
}

/** Expects a pass to keep a program's results and its outputs' shapes; answers the operations that are left. */
export async function expectSameMeaning(program: Program, pass: Pass): Promise<string[]> {
  const before = JSON.stringify(program.nodes);
  const after = removeUnused(pass(program, anywhere));
  expect(JSON.stringify(program.nodes), "the given program").toBe(before);
  expect(after.outputs.map(({ name, from }) => [name, valueNamed(after, from).shape])).toEqual(
    program.outputs.map(({ name, from }) => [name, valueNamed(program, from).shape]),
  );
  const [expected, actual] = [await resultsOf(program), await resultsOf(after)];
  for (const [name, values] of Object.entries(expected)) expectSame(name, actual[name], values, 1e-6);
  return operationsOf(after);
}
