import { describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { State } from "../../src/engine/graphs/executor.js";
import { averagedState, initialState, splitState } from "../../src/engine/networks/state.js";
import {
  createTrainingProgram,
  type Rows,
  type TrainingProgramOptions,
} from "../../src/engine/programs/training-program.js";
import { normal, randomKey } from "../../src/engine/tensors/random.js";
import type { OptimizerSpec } from "../../src/language/algorithms/optimizer.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import type { TrainingSemantics } from "../../src/language/training/training.js";
import { expectClose } from "./golden.js";
import { batchNormalization, dense, modelOf, optimizerOf, plainAdam, plainSgd } from "./models.js";
import { updates } from "./updates.js";

const executor = createEagerExecutor();
const classes = {
  width: 3,
  activation: "SOFTMAX",
  loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 },
} as const;
const model = modelOf([3], [dense("hidden", 5, "TANH")], classes);
const withEverything: Partial<OptimizerSpec> = {
  weightDecay: 0.01,
  ema: { momentum: 0.8 },
  gradientAccumulationSteps: 3,
};

const programOf = (optimizer: OptimizerSpec, options: Partial<TrainingProgramOptions> = {}) =>
  createTrainingProgram({ model, optimizer, batchSize: 8, seed: 4, semantics: 2, executor, ...options });

function rowsOf(count: number, seed: number): Rows {
  const y = new Float32Array(count * 3);
  for (let row = 0; row < count; row++) y[row * 3 + ((row + seed) % 3)] = 1;
  return { x: Float32Array.from(normal(randomKey(seed, "rows"), count * 3)), y, count };
}

describe("a moving average of the weights", () => {
  const averaging = optimizerOf(plainAdam, 0.05, { type: "NONE" }, { ema: { momentum: 0.7 } });
  const data = rowsOf(20, 9);

  it("is what evaluation uses, and what the state is averaged to", async () => {
    const program = await programOf(averaging);
    for (let step = 0; step < 6; step++) await program.step({ ...rowsOf(8, step), stepIndex: step });
    const state = await program.state();
    const { parameters } = splitState(averagedState(state));
    expect(parameters["hidden/kernel"]).toEqual(state["optimizer/ema/hidden/kernel"]);
    expect(parameters["hidden/kernel"]).not.toEqual(state["hidden/kernel"]);
    const plain = optimizerOf(plainAdam, 0.05);
    const averaged = await programOf(plain, { state: initialState(model, plain, 0, parameters) });
    expect(await program.evaluate(data)).toEqual(await averaged.evaluate(data));
    program.dispose();
    averaged.dispose();
  });

  it("begins with the parameters, so that an untrained or fine-tuned model is evaluated as it is", async () => {
    const plain = optimizerOf(plainAdam, 0.05);
    const [a, b] = [await programOf(averaging), await programOf(plain)];
    expect(await a.evaluate(data)).toEqual(await b.evaluate(data));
    a.dispose();
    b.dispose();
  });

  it("leaves moving statistics and models without averages alone", () => {
    const normalized = modelOf([3], [batchNormalization("bn")], classes);
    const state = initialState(normalized, averaging, 1);
    expect(Object.keys(state).filter((name) => name.startsWith("optimizer/ema/bn"))).toEqual([
      "optimizer/ema/bn/gamma",
      "optimizer/ema/bn/beta",
    ]);
    const without = initialState(normalized, optimizerOf(plainSgd), 1);
    expect(averagedState(without)).toEqual(without);
  });
});

describe("gradient accumulation", () => {
  it("over batches of equal size updates as one large batch does, and not before", async () => {
    const options = { weightDecay: 0.05, ema: { momentum: 0.9 } };
    const clipping = { type: "GLOBAL_NORM", limit: 0.1 } as const;
    const large = await programOf(optimizerOf(plainAdam, 0.05, clipping, options));
    const small = await programOf(
      optimizerOf(plainAdam, 0.05, clipping, { ...options, gradientAccumulationSteps: 2 }),
      { batchSize: 4 },
    );
    const half = ({ x, y }: Rows, part: number): Rows => ({
      x: x.slice(part * 12, part * 12 + 12),
      y: y.slice(part * 12, part * 12 + 12),
      count: 4,
    });
    for (let step = 0; step < 3; step++) {
      const batch = rowsOf(8, step);
      const before = splitState(await small.state());
      await small.step({ ...half(batch, 0), stepIndex: 2 * step });
      const between = splitState(await small.state());
      expect(between.parameters).toEqual(before.parameters);
      expect(between.optimizer["optimizer/m/hidden/kernel"]).toEqual(before.optimizer["optimizer/m/hidden/kernel"]);
      await small.step({ ...half(batch, 1), stepIndex: 2 * step + 1 });
      await large.step({ ...batch, stepIndex: step });
    }
    const [a, b] = [await large.state(), await small.state()];
    for (const name of Object.keys(a)) expectClose(b[name] as Float32Array, a[name] as Float32Array, 1e-5);
    for (const [name, sum] of Object.entries(b))
      if (name.startsWith("optimizer/gradient_sum/")) expect(sum.every((value) => value === 0)).toBe(true);
    large.dispose();
    small.dispose();
  });
});

test.each<[string, OptimizerSpec]>([
  ["Nadam", optimizerOf({ type: "nadam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }, 0.01)],
  [
    "Adafactor",
    optimizerOf({ type: "adafactor", beta2Decay: -0.8, epsilon1: 1e-30, epsilon2: 1e-3, clipThreshold: 1 }, 0.05),
  ],
  [
    "Adam with decay, average and accumulation",
    optimizerOf(plainAdam, 0.02, { type: "NORM", limit: 1 }, withEverything),
  ],
])("a restored program continues %s bit for bit, from any step", async (_, optimizer) => {
  const straight = await programOf(optimizer);
  const states: State[] = [];
  for (let step = 0; step < 8; step++) {
    states.push(await straight.state());
    await straight.step({ ...rowsOf(8, step), stepIndex: step });
  }
  for (const from of [1, 4, 6]) {
    const resumed = await programOf(optimizer, { state: states[from] });
    for (let step = from; step < 8; step++) await resumed.step({ ...rowsOf(8, step), stepIndex: step });
    expect(await resumed.state()).toEqual(await straight.state());
    resumed.dispose();
  }
  straight.dispose();
});

it("a rate that is given replaces the schedule's", async () => {
  const scheduled = optimizerOf(plainSgd, { type: "step", initial: 0.5, stepSize: 1, gamma: 0.1 });
  const [a, b] = [await programOf(scheduled), await programOf(optimizerOf(plainSgd, 0.125))];
  const given = await a.step({ ...rowsOf(8, 1), stepIndex: 5, learningRate: 0.125 });
  expect(given.learningRate).toBe(0.125);
  await b.step({ ...rowsOf(8, 1), stepIndex: 5 });
  expect(await a.state()).toEqual(await b.state());
  a.dispose();
  b.dispose();
});

describe("weighted rows", () => {
  /** A network that puts out its inputs as logits. */
  const identity: ModelSpec = modelOf([3], [], classes);
  const state = { "output/kernel": Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), "output/bias": new Float32Array(3) };
  const oneHot = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0);
  const rows = { x: Float32Array.from(updates.logits), y: oneHot, count: 4 };
  const { weights, value } = updates.weightedLoss;
  const sgd = optimizerOf(plainSgd, 0.1);
  const identityProgram = (batchSize = 4, semantics: TrainingSemantics = 2) =>
    programOf(sgd, { model: identity, state, batchSize, semantics });

  it("have Keras's loss in a step, padded or not, and in evaluation: over the rows, not over the weights", async () => {
    for (const size of [4, 7]) {
      const program = await identityProgram(size);
      const weight = Float32Array.from(weights);
      expect((await program.evaluate({ ...rows, weight })).loss).toBeCloseTo(value, 6);
      expect((await program.step({ ...rows, weight, stepIndex: 0 })).loss).toBeCloseTo(value, 6);
      program.dispose();
    }
  });

  it("of weight 1 are as rows without", async () => {
    const [a, b] = [await identityProgram(), await identityProgram()];
    const weighted = { ...rows, weight: new Float32Array(4).fill(1) };
    expect(await a.step({ ...weighted, stepIndex: 0 })).toEqual(await b.step({ ...rows, stepIndex: 0 }));
    expect(await a.evaluate(weighted)).toEqual(await b.evaluate(rows));
    expect(await a.state()).toEqual(await b.state());
    a.dispose();
    b.dispose();
  });

  it("of weight 0 are counted, as in Keras: the others count as much as they would with any weight there", async () => {
    const [a, b] = [await identityProgram(), await identityProgram()];
    const weight = Float32Array.of(1, 1, 0, 0);
    const losses = Array.from({ length: 2 }, (_, row) => {
      const logits = Array.from(rows.x.subarray(3 * row, 3 * row + 3));
      return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[row] as number);
    }) as [number, number];
    const expected = (losses[0] + losses[1]) / 4;
    expect((await a.evaluate({ ...rows, weight })).loss).toBeCloseTo(expected, 6);
    expect((await a.step({ ...rows, weight, stepIndex: 0 })).loss).toBeCloseTo(expected, 6);
    // Half the gradient of a batch of these two alone.
    const two = { x: rows.x.slice(0, 6), y: rows.y.slice(0, 6), count: 2 };
    await b.step({ ...two, stepIndex: 0, learningRate: 0.05 });
    const [c, d] = [await a.state(), await b.state()];
    for (const name of Object.keys(c)) expectClose(c[name] as Float32Array, d[name] as Float32Array);
    a.dispose();
    b.dispose();
  });

  it("of weight 0 were as if they were not there under semantics 1", async () => {
    const [a, b] = [await identityProgram(4, 1), await identityProgram(4, 1)];
    const weight = Float32Array.of(1, 1, 0, 0);
    const two = { x: rows.x.slice(0, 6), y: rows.y.slice(0, 6), count: 2 };
    expect((await a.evaluate({ ...rows, weight })).loss).toBeCloseTo((await b.evaluate(two)).loss, 6);
    const [all, first] = [await a.step({ ...rows, weight, stepIndex: 0 }), await b.step({ ...two, stepIndex: 0 })];
    expect(all.loss).toBeCloseTo(first.loss, 6);
    const [c, d] = [await a.state(), await b.state()];
    for (const name of Object.keys(c)) expectClose(c[name] as Float32Array, d[name] as Float32Array);
    a.dispose();
    b.dispose();
  });

  it.each([1, 2] as const)("that all weigh 0 change nothing under semantics %i", async (semantics) => {
    const program = await identityProgram(4, semantics);
    const { loss } = await program.step({ ...rows, weight: new Float32Array(4), stepIndex: 0 });
    expect(loss).toBe(0);
    expect(await program.state()).toEqual(state);
    program.dispose();
  });

  it("that all weigh 0 have no loss when they are evaluated, but predictions", async () => {
    const [program, before] = [await identityProgram(), await identityProgram(4, 1)];
    const nothing = { ...rows, weight: new Float32Array(4) };
    const { loss, predictions } = await program.evaluate(nothing);
    expect(loss).toBeNaN();
    expect(predictions).toEqual((await program.evaluate(rows)).predictions);
    expect(await before.evaluate(nothing)).toMatchObject({ loss: 0 });
    program.dispose();
    before.dispose();
  });

  test.each<[string, Float32Array, RegExp]>([
    ["too few weights", Float32Array.of(1, 1, 1), /"weight" needs 4 numbers/],
    ["a negative weight", Float32Array.of(1, 1, -1, 1), /"weight" .* row 2 has -1/],
    ["a NaN", Float32Array.of(1, Number.NaN, 1, 1), /"weight" .* row 1 has NaN/],
    ["an infinity", Float32Array.of(Number.POSITIVE_INFINITY, 1, 1, 1), /"weight" .* row 0 has Infinity/],
  ])("with %s are refused", async (_, weight, message) => {
    const program = await identityProgram();
    await expect(program.step({ ...rows, weight, stepIndex: 0 })).rejects.toThrow(message);
    await expect(program.evaluate({ ...rows, weight })).rejects.toThrow(message);
    expect(await program.state()).toEqual(state);
    program.dispose();
  });
});
