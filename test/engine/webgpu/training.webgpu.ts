import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it, test } from "vitest";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import { createTrainingProgram, type Rows } from "../../../src/engine/programs/training-program.js";
import { resolveOptimizer } from "../../../src/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../../src/language/datasets/resolve-dataset.js";
import { resolveModel } from "../../../src/language/models/resolve-model.js";
import { resolved } from "../../language/declarations.js";
import { compiled, expectSame } from "../onnx/compare.js";
import { batchAt, batchSize, expectSameTrajectory } from "../onnx/trajectory.js";
import { zooNet } from "../onnx/zoo.js";

const webgpu = createOnnxExecutor({ provider: "webgpu" });

/**
 * Both compute in float32, but a device adds up in another order, and its language allows functions such as `exp` an error
 * of a few units in the last place; 20 steps make more of it. On SwiftShader losses were 3e-7 apart at most.
 */
const tolerance = 1e-4;

const side = 8;
const digits = readFileSync(new URL("../../../examples/digits/digits.csv.gz", import.meta.url));
const table = gunzipSync(digits)
  .toString()
  .trim()
  .split("\n")
  .map((line) => line.split(",").map(Number));

/** `count` pictures of 8 x 8 with what they show, from the given row on. */
function pictures(start: number, count: number): Rows {
  const rows = table.slice(start, start + count);
  const x = Float32Array.from(rows.flatMap((row) => row.slice(0, side * side).map((pixel) => pixel / 16)));
  const y = new Float32Array(count * 10);
  for (const [index, row] of rows.entries()) y[index * 10 + (row[side * side] as number)] = 1;
  return { x, y, count };
}

/** The network of examples/digits-images. */
function digitsNetwork() {
  const dataset = resolveDataset({
    name: "digit-images",
    features: [
      { name: "picture", type: "IMAGE", shape: [side, side, 1] },
      { name: "digit", type: "CATEGORY", categories: Array.from({ length: 10 }, (_, digit) => `${digit}`) },
    ],
  });
  const model = resolveModel(
    {
      name: "digits-cnn",
      dataset: "digit-images",
      target: "digit",
      layers: [
        { conv2d: { filters: 16, kernelSize: [3], padding: "SAME", activation: "RELU" } },
        { maxPooling2d: { poolSize: [2] } },
        { conv2d: { filters: 32, kernelSize: [3], activation: "RELU" } },
        { flatten: {} },
        { dropout: { rate: 0.2 } },
      ],
    },
    resolved(dataset),
  );
  const optimizer = resolveOptimizer({ name: "adam", algorithm: { adam: {} }, learningRate: { constant: 0.003 } });
  return { model: resolved(model), optimizer: resolved(optimizer), batchSize: 32, seed: 1 };
}

describe("on WebGPU", () => {
  it("a convolutional network on the digits has the same losses as on the CPU over 20 steps", async () => {
    const losses: Record<string, number[]> = {};
    for (const executor of [compiled, webgpu]) {
      const program = await createTrainingProgram({ ...digitsNetwork(), semantics: 2, executor });
      const seen: number[] = [];
      // The last batch is a partial one.
      for (let stepIndex = 0; stepIndex < 20; stepIndex++) {
        const rows = pictures(32 * stepIndex, stepIndex === 19 ? 7 : 32);
        seen.push((await program.step({ ...rows, stepIndex })).loss);
      }
      seen.push((await program.evaluate(pictures(1_000, 101))).loss);
      program.dispose();
      losses[executor.name] = seen;
    }
    const [onCpu, onDevice] = [losses["onnx-cpu-1"] as number[], losses["onnx-webgpu-1"]];
    expectSame("losses", onDevice, onCpu, tolerance);
    expect(onCpu[20]).toBeLessThan((onCpu[0] as number) - 0.3);
  });

  // Each brings operations of its own, some of which ONNX Runtime gets wrong on WebGPU without us.
  test.each([
    "perceptron with dropout and penalties",
    "dilated and grouped convolution",
    "depthwise and separable convolution",
    "attention",
    "embedded ids",
  ])("a net of the zoo follows the compiled one for 20 steps: %s", async (name) => {
    await expectSameTrajectory(zooNet(name), compiled, webgpu, { losses: tolerance, rest: 1e-3 });
  });

  it("training that diverges shows it", async () => {
    const net = zooNet("optimizer: AdamW");
    const program = await createTrainingProgram({ ...net, batchSize, seed: 3, semantics: 2, executor: webgpu });
    const rows = batchAt(net, 0);
    rows.x[1] = Number.NaN;
    expect((await program.step({ ...rows, stepIndex: 0 })).loss).toBeNaN();
    expect((await program.state())["dense_0/kernel"]?.some(Number.isNaN)).toBe(true);
    program.dispose();
  });
});
