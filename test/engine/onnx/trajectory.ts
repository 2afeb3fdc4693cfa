import { expect } from "vitest";
import type { Executor } from "../../../src/engine/graphs/executor.js";
import { createTrainingProgram, type Rows } from "../../../src/engine/programs/training-program.js";
import { elementCount } from "../../../src/engine/tensors/initializers.js";
import { normal, randomKey, uniform } from "../../../src/engine/tensors/random.js";
import { expectSame } from "./compare.js";
import type { ZooNet } from "./zoo.js";

const steps = 20;
export const batchSize = 6;

/** A batch that differs from step to step; every fifth is a partial one. */
export function batchAt({ model, ids }: ZooNet, step: number): Rows {
  const count = step % 5 === 4 ? 4 : batchSize;
  const width = model.target.width;
  const size = count * elementCount(model.inputShape);
  const x = ids
    ? Float32Array.from(uniform(randomKey(step, "x"), size), (value) => Math.floor(value * ids))
    : Float32Array.from(normal(randomKey(step, "x"), size));
  // Percentages are of targets above 0.
  const y = new Float32Array(count * width).fill(model.loss.type === "MEAN_ABSOLUTE_PERCENTAGE_ERROR" ? 0.5 : 0);
  const labels = uniform(randomKey(step, "y"), count);
  for (let row = 0; row < count; row++) y[row * width + Math.floor((labels[row] as number) * width)] = 1;
  return { x, y, count };
}

/** What 20 steps of training lead to. */
export async function trajectory(net: ZooNet, executor: Executor) {
  const program = await createTrainingProgram({ ...net, batchSize, seed: 3, semantics: 2, stepsPerEpoch: 5, executor });
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

/** How far two executors may be apart after 20 steps; relative for numbers above 1. */
export interface Tolerances {
  losses: number;
  /** Of predictions, evaluation and state. */
  rest: number;
}

/** Trains a net on two executors and expects the same numbers, at all steps and in the end. */
export async function expectSameTrajectory(
  net: ZooNet,
  reference: Executor,
  candidate: Executor,
  { losses, rest }: Tolerances = { losses: 1e-4, rest: 1e-3 },
): Promise<void> {
  const [expected, actual] = [await trajectory(net, reference), await trajectory(net, candidate)];
  expectSame("losses", actual.losses, expected.losses, losses);
  expectSame("predictions", actual.predictions, expected.predictions, rest);
  expectSame("evaluation", [actual.evaluation.loss], [expected.evaluation.loss], rest);
  expect(Object.keys(actual.state)).toEqual(Object.keys(expected.state));
  for (const [name, values] of Object.entries(expected.state)) expectSame(name, actual.state[name], values, rest);
}
