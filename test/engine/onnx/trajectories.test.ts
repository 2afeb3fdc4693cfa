import { describe, expect, it, test } from "vitest";
import type { Executor } from "../../../src/engine/executor.js";
import { sizeOf } from "../../../src/engine/initializers.js";
import { createOnnxExecutor } from "../../../src/engine/onnx/onnx-executor.js";
import { normal, randomKey, uniform } from "../../../src/engine/random.js";
import { createTrainingProgram, type Rows } from "../../../src/engine/training-program.js";
import { compiled, eager, expectSame } from "./compare.js";
import { type ZooNet, zoo, zooNet } from "./zoo.js";

const steps = 20;
const batchSize = 6;

/** A batch that differs from step to step; every fifth is a partial one. */
function batchAt({ model, ids }: ZooNet, step: number): Rows {
  const count = step % 5 === 4 ? 4 : batchSize;
  const width = model.target.width;
  const size = count * sizeOf(model.inputShape);
  const x = ids
    ? Float32Array.from(uniform(randomKey(step, "x"), size), (value) => Math.floor(value * ids))
    : Float32Array.from(normal(randomKey(step, "x"), size));
  // Percentages are of targets above 0.
  const y = new Float32Array(count * width).fill(model.loss.type === "MEAN_ABSOLUTE_PERCENTAGE_ERROR" ? 0.5 : 0);
  const labels = uniform(randomKey(step, "y"), count);
  for (let row = 0; row < count; row++) y[row * width + Math.floor((labels[row] as number) * width)] = 1;
  return { x, y, count };
}

async function trajectory(net: ZooNet, executor: Executor) {
  const program = await createTrainingProgram({ ...net, batchSize, seed: 3, executor });
  const losses: number[] = [];
  let predictions = new Float32Array();
  for (let stepIndex = 0; stepIndex < steps; stepIndex++) {
    const result = await program.step({ ...batchAt(net, stepIndex), stepIndex });
    losses.push(result.loss);
    predictions = Float32Array.from(result.predictions);
  }
  const evaluation = await program.evaluate(batchAt(net, 100));
  const state = await program.state();
  program.dispose();
  return { losses, predictions, evaluation, state };
}

describe("a compiled net follows the eager one for 20 steps", () => {
  test.each(zoo)("$name", async (net) => {
    const [expected, actual] = [await trajectory(net, eager), await trajectory(net, compiled)];
    expectSame("losses", actual.losses, expected.losses, 1e-4);
    expectSame("predictions", actual.predictions, expected.predictions, 1e-3);
    expectSame("evaluation", [actual.evaluation.loss], [expected.evaluation.loss], 1e-3);
    expect(Object.keys(actual.state)).toEqual(Object.keys(expected.state));
    for (const [name, values] of Object.entries(expected.state)) expectSame(name, actual.state[name], values, 1e-3);
  });
});

describe("a compiled net", () => {
  const net = zooNet("optimizer: AdamW");

  it.each([1, 2])("gives the same bits in every session, on %i threads", async (threads) => {
    const runs = await Promise.all([0, 1].map(() => trajectory(net, createOnnxExecutor({ provider: "cpu", threads }))));
    expect(runs[0]).toEqual(runs[1]);
  });

  it("shows that training diverges", async () => {
    const program = await createTrainingProgram({ ...net, batchSize, seed: 3, executor: compiled });
    const rows = batchAt(net, 0);
    rows.x[1] = Number.NaN;
    expect((await program.step({ ...rows, stepIndex: 0 })).loss).toBeNaN();
    expect((await program.state())["dense_0/kernel"]?.some(Number.isNaN)).toBe(true);
    program.dispose();
  });
});
