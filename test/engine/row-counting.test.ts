import { describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { Executor, State } from "../../src/engine/graphs/executor.js";
import { rowCounting } from "../../src/engine/graphs/row-counting.js";
import { initialState } from "../../src/engine/networks/state.js";
import { createOnnxExecutor } from "../../src/engine/onnx/run/onnx-executor.js";
import {
  createTrainingProgram,
  type Rows,
  type TrainingProgramOptions,
} from "../../src/engine/programs/training-program.js";
import { randomKey, uniform } from "../../src/engine/tensors/random.js";
import { algorithmTypes } from "../../src/language/algorithms/algorithms.js";
import type { OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { resolved } from "../language/declarations.js";
import { expectClose } from "./golden.js";
import { batchNormalization, dense, modelOf, optimizerOf, plainSgd } from "./models.js";

const eager = createEagerExecutor();
const compiled = createOnnxExecutor({ provider: "cpu" });

const regression = { width: 1, activation: "LINEAR", loss: { type: "MEAN_SQUARED_ERROR" } } as const;
const line = modelOf([1], [], { ...regression, options: { useBias: false } });
const network = modelOf([3], [dense("hidden", 5, "TANH", { kernelRegularizer: { l1: 0.01, l2: 0.02 } })], regression);

const programOf = (
  options: Partial<TrainingProgramOptions> & Pick<TrainingProgramOptions, "optimizer" | "batchSize">,
) => createTrainingProgram({ model: network, seed: 4, executor: eager, semantics: 2, ...options });

/** Rows of `network`; every fifth weighs nothing. */
function rowsOf(count: number, seed = 1): Rows {
  const x = Float32Array.from(uniform(randomKey(seed, "x"), 3 * count), (value) => 2 * value - 1);
  const y = Float32Array.from(uniform(randomKey(seed, "y"), count), (value) => 4 * value);
  const weight = Float32Array.from({ length: count }, (_, row) => (row % 5 === 0 ? 0 : 0.5 + (row % 3)));
  return { x, y, count, weight };
}

function slice({ x, y, weight, count }: Rows, start: number, size: number): Rows {
  const taken = Math.min(size, count - start);
  const part = (values: Float32Array) =>
    values.slice((start * values.length) / count, ((start + taken) * values.length) / count);
  return { x: part(x), y: part(y), count: taken, weight: weight && part(weight) };
}

/** Trains for some epochs of the same batches in the same order. */
async function train(
  rows: Rows,
  epochs: number,
  options: Partial<TrainingProgramOptions> & Pick<TrainingProgramOptions, "optimizer" | "batchSize">,
): Promise<State> {
  const stepsPerEpoch = Math.ceil(rows.count / options.batchSize);
  const program = await programOf({ ...options, stepsPerEpoch });
  for (let stepIndex = 0; stepIndex < epochs * stepsPerEpoch; stepIndex++)
    await program.step({
      ...slice(rows, (stepIndex % stepsPerEpoch) * options.batchSize, options.batchSize),
      stepIndex,
    });
  const state = await program.state();
  program.dispose();
  return state;
}

const optimizerFor = (declaration: Partial<OptimizerDeclaration>) =>
  resolved(resolveOptimizer({ name: "o", algorithm: { sgd: {} }, learningRate: { constant: 0.02 }, ...declaration }));

/** Whatever both keep; the sums of accumulated gradients are of one alone. */
function expectSameState(actual: State, expected: State, tolerance: number): void {
  for (const [name, values] of Object.entries(expected)) expectClose(actual[name] ?? [], values, tolerance);
}

describe("an update of accumulated gradients is that of one batch of all their rows", () => {
  const rows = rowsOf(33);
  const options = { weightDecay: 0.01, ema: { momentum: 0.8 } };
  const clippings = {
    clipNorm: { clipNorm: 0.2 },
    globalClipNorm: { globalClipNorm: 0.3 },
    clipValue: { clipValue: 0.05 },
  };
  const executors: [string, Executor][] = [
    ["eagerly", eager],
    ["compiled", compiled],
  ];

  describe.each(executors)("%s", (_name, executor) => {
    test.each(algorithmTypes)("with %s, in batches of 32, two an update", async (type) => {
      const declared = { algorithm: { [type]: {} }, ...options };
      const one = await train(rows, 3, { executor, batchSize: 33, optimizer: optimizerFor(declared) });
      const optimizer = optimizerFor({ ...declared, gradientAccumulationSteps: 2 });
      const two = await train(rows, 3, { executor, batchSize: 32, optimizer });
      expectSameState(two, one, 2e-5);
    });

    test.each(Object.entries(clippings))(
      "with %s, in three batches of which 64 would make an update",
      async (_, clipping) => {
        const declared = { algorithm: { adam: {} }, ...options, ...clipping };
        const one = await train(rows, 4, { executor, batchSize: 33, optimizer: optimizerFor(declared) });
        const optimizer = optimizerFor({ ...declared, gradientAccumulationSteps: 64 });
        const three = await train(rows, 4, { executor, batchSize: 15, optimizer });
        expectSameState(three, one, 2e-5);
        expect(three["hidden/kernel"]).not.toEqual(initialState(network, optimizer, 4)["hidden/kernel"]);
      },
    );
  });

  it("whose last batch has one row, which counts as much as each other one", async () => {
    // One weight; y = 0 at x = 1 for 32 rows and y = 33 for the last: the gradient of the mean at w = 0 is -2 * 33 / 33.
    const all: Rows = { x: new Float32Array(33).fill(1), y: new Float32Array(33), count: 33 };
    all.y[32] = 33;
    const state = { "output/kernel": new Float32Array(1) };
    const accumulating = optimizerOf(plainSgd, 0.1, { type: "NONE" }, { gradientAccumulationSteps: 2 });
    const first = { ...state, "optimizer/gradient_sum/output/kernel": new Float32Array(1) };
    const trained = await train(all, 1, { model: line, state: first, batchSize: 32, optimizer: accumulating });
    expect(trained["output/kernel"]?.[0]).toBeCloseTo(0.2, 6);
    const whole = await train(all, 1, { model: line, state, batchSize: 33, optimizer: optimizerOf(plainSgd, 0.1) });
    expect(trained["output/kernel"]?.[0]).toBeCloseTo(whole["output/kernel"]?.[0] as number, 6);
    // What it was: the mean of two batches, of which one has a single row.
    const before = { model: line, state: first, batchSize: 32, semantics: 1 } as const;
    expect((await train(all, 1, { ...before, optimizer: accumulating }))["output/kernel"]?.[0]).toBeCloseTo(3.3, 5);
  });
});

describe("a step's place", () => {
  const batches = { batchSize: 4, stepsPerEpoch: 5, accumulated: 3 };
  const places = (semantics: 1 | 2, count: number) =>
    Array.from({ length: count }, (_, step) =>
      rowCounting(semantics).updateStep(step, step % 5 === 4 ? 1 : 4, batches),
    );

  it("tells that an epoch ends with an update, and how many rows were accumulated", () => {
    const seen = places(2, 10).map(({ update, completes, rowsSoFar }) => [update, completes, rowsSoFar]);
    const epoch = (first: number) => [
      [first, false, 4],
      [first, false, 8],
      [first, true, 12],
      [first + 1, false, 4],
      [first + 1, true, 5],
    ];
    expect(seen).toEqual([...epoch(0), ...epoch(2)]);
    expect(rowCounting(2).updates(7, batches)).toBe(14);
  });

  it("did not look at epochs under semantics 1", () => {
    expect(places(1, 10).map(({ update, completes }) => [update, completes])).toEqual(
      Array.from({ length: 10 }, (_, step) => [Math.floor(step / 3), step % 3 === 2]),
    );
    expect(rowCounting(1).updates(7, batches)).toBe(11);
  });

  it("refuses a partial batch within an epoch, whose rows would not be known to the steps after it", async () => {
    const optimizer = optimizerFor({ gradientAccumulationSteps: 3 });
    const program = await programOf({ optimizer, batchSize: 4, stepsPerEpoch: 5 });
    const before = await program.state();
    await expect(program.step({ ...rowsOf(3), stepIndex: 1 })).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringMatching(/"count" is 3: .* only the last batch of an epoch/),
    });
    expect(await program.state()).toEqual(before);
    await program.step({ ...rowsOf(3), stepIndex: 4 });
    program.dispose();
  });
});

describe("the same rows", () => {
  const rows = rowsOf(100);
  const still = optimizerOf(plainSgd, 1e-30);

  it.each(["eager", "compiled"])(
    "have one mean loss for every batch size, weights of 0 included (%s)",
    async (name) => {
      const executor = name === "eager" ? eager : compiled;
      const means: number[] = [];
      for (const batchSize of [1, 7, 32, 100]) {
        const program = await programOf({ optimizer: still, batchSize, executor });
        let sum = 0;
        for (let start = 0, stepIndex = 0; start < rows.count; start += batchSize, stepIndex++) {
          const part = slice(rows, start, batchSize);
          sum += part.count * (await program.step({ ...part, stepIndex })).loss;
        }
        means.push(sum / rows.count);
        if (batchSize === 100) means.push((await program.evaluate(rows)).loss);
        program.dispose();
      }
      const [first] = means as [number];
      for (const mean of means) expect(mean).toBeCloseTo(first, 5);
      expect(first).toBeCloseTo(await meanInDoublePrecision(), 4);
    },
  );

  /** Sum of weight times squared error over the count of all rows, plus the penalty, by the definition. */
  async function meanInDoublePrecision(): Promise<number> {
    const program = await programOf({ optimizer: still, batchSize: 1 });
    const { predictions } = await program.evaluate(rows);
    const kernel = (await program.state())["hidden/kernel"] as Float32Array;
    program.dispose();
    const penalty = kernel.reduce((sum, value) => sum + 0.01 * Math.abs(value) + 0.02 * value * value, 0);
    const losses = Array.from(predictions, (prediction, row) => {
      const error = prediction - (rows.y[row] as number);
      return (rows.weight?.[row] as number) * error * error;
    });
    return losses.reduce((sum, loss) => sum + loss, 0) / rows.count + penalty;
  }

  it("have one gradient for every batch size, where it is accumulated", async () => {
    const ends: State[] = [];
    for (const batchSize of [1, 7, 32, 100]) {
      const optimizer = optimizerFor({ gradientAccumulationSteps: 1000 });
      ends.push(await train(rows, 1, { batchSize, optimizer }));
    }
    for (const end of ends) expectSameState(end, ends[0] as State, 1e-5);
  });
});

describe("batch normalization", () => {
  const normalized = modelOf([3], [batchNormalization("norm"), dense("hidden", 4, "TANH")], regression);
  const step = async (rows: Rows, batchSize: number, executor: Executor) => {
    const program = await programOf({ model: normalized, optimizer: optimizerOf(plainSgd, 0.1), batchSize, executor });
    const { loss } = await program.step({ ...rows, stepIndex: 0 });
    const state = await program.state();
    program.dispose();
    return { loss, state };
  };
  const rows = rowsOf(5, 3);

  it.each([
    ["eagerly", eager],
    ["compiled", compiled],
  ])("never sees padding, and sees rows of weight 0 as Keras does, %s", async (_, executor) => {
    const [exact, padded] = [await step(rows, 5, executor), await step(rows, 8, executor)];
    expect(padded.loss).toBeCloseTo(exact.loss, 5);
    expectSameState(padded.state, exact.state, 1e-5);
    // momentum 0.9: the moving mean moves by a tenth of the mean over all five rows, the first and its weight of 0 included.
    expect(rows.weight?.[0]).toBe(0);
    for (let column = 0; column < 3; column++) {
      const values = [0, 1, 2, 3, 4].map((row) => rows.x[3 * row + column] as number);
      const mean = values.reduce((sum, value) => sum + value, 0) / 5;
      expect(padded.state["norm/moving_mean"]?.[column]).toBeCloseTo(0.1 * mean, 5);
    }
  });

  it("stays finite in a batch whose rows all weigh 0", async () => {
    const { loss, state } = await step({ ...rows, weight: new Float32Array(5) }, 8, eager);
    expect(loss).toBe(0);
    const before = initialState(normalized, optimizerOf(plainSgd), 4);
    expect(state["hidden/kernel"]).toEqual(before["hidden/kernel"]);
    expect(state["norm/moving_mean"]?.every(Number.isFinite)).toBe(true);
  });
});
