import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { State } from "../../src/engine/graphs/executor.js";
import { initialState, splitState } from "../../src/engine/networks/state.js";
import { createPredictor } from "../../src/engine/programs/predict.js";
import {
  createTrainingProgram,
  type Rows,
  type TrainingProgramOptions,
} from "../../src/engine/programs/training-program.js";
import { normal, permutation, randomKey, uniform } from "../../src/engine/tensors/random.js";
import { expectClose } from "./golden.js";
import { batchNormalization, dense, modelOf, optimizerOf, plainAdam, plainSgd } from "./models.js";

const executor = createEagerExecutor();
const classes = {
  width: 3,
  activation: "SOFTMAX",
  loss: { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 },
} as const;

/** Dropout, batch normalization and a penalty: everything that could make a step depend on more than it may. */
const model = modelOf(
  [5],
  [
    dense("dense_0", 8, "RELU", { kernelRegularizer: { l1: 0, l2: 1e-3 } }),
    batchNormalization("norm"),
    { type: "dropout", name: "drop", rate: 0.3 },
    dense("dense_1", 6, "GELU"),
  ],
  classes,
);
const optimizer = optimizerOf(plainAdam, {
  type: "exponentialDecay",
  initial: 0.02,
  decaySteps: 5,
  decayRate: 0.9,
  staircase: false,
});

function programOf(options: Partial<TrainingProgramOptions> = {}) {
  return createTrainingProgram({ model, optimizer, batchSize: 8, seed: 11, semantics: 2, executor, ...options });
}

/** Points around three centres, one for each class. */
function clusters(count: number, seed: number): Rows {
  const centres = normal(randomKey(1, "centres"), 15);
  const noise = normal(randomKey(seed, "noise"), count * 5);
  const chosen = uniform(randomKey(seed, "classes"), count);
  const rows = { x: new Float32Array(count * 5), y: new Float32Array(count * 3), count };
  for (let row = 0; row < count; row++) {
    const label = Math.floor((chosen[row] as number) * 3);
    rows.y[row * 3 + label] = 1;
    for (let index = 0; index < 5; index++) {
      rows.x[row * 5 + index] = 2 * (centres[label * 5 + index] as number) + 0.5 * (noise[row * 5 + index] as number);
    }
  }
  return rows;
}

function slice(rows: Rows, start: number, count: number): Rows {
  return {
    x: rows.x.slice(start * 5, (start + count) * 5),
    y: rows.y.slice(start * 3, (start + count) * 3),
    count,
  };
}

const data = clusters(64, 2);
const batchAt = (step: number) => slice(data, (step * 8) % 64, 8);

describe("a step", () => {
  it("depends on the state, the step index and the batch alone: a restored program continues bit for bit", async () => {
    const straight = await programOf();
    const losses: number[] = [];
    let halfway: State = {};
    for (let step = 0; step < 12; step++) {
      if (step === 5) halfway = await straight.state();
      losses.push((await straight.step({ ...batchAt(step), stepIndex: step })).loss);
    }
    const resumed = await programOf({ state: halfway });
    const restored = await programOf({ seed: 11 });
    await restored.step({ ...batchAt(3), stepIndex: 77 });
    await restored.restore(halfway);
    for (const program of [resumed, restored]) {
      for (let step = 5; step < 12; step++) {
        expect((await program.step({ ...batchAt(step), stepIndex: step })).loss).toBe(losses[step]);
      }
      expect(await program.state()).toEqual(await straight.state());
      program.dispose();
    }
    straight.dispose();
  });

  it("draws other dropout masks at another step and under another seed", async () => {
    const loss = async (seed: number, stepIndex: number) => {
      const program = await programOf({ seed, state: initialState(model, optimizer, 1) });
      const result = await program.step({ ...batchAt(0), stepIndex });
      program.dispose();
      return result.loss;
    };
    expect(await loss(1, 0)).toBe(await loss(1, 0));
    expect(await loss(1, 1)).not.toBe(await loss(1, 0));
    expect(await loss(2, 0)).not.toBe(await loss(1, 0));
  });

  it("on a padded batch is the step of a program compiled for its size, batch statistics included", async () => {
    const exact = await programOf({ batchSize: 5 });
    const padded = await programOf({ batchSize: 8 });
    for (let step = 0; step < 4; step++) {
      const rows = { ...slice(data, step * 5, 5), stepIndex: step };
      const [a, b] = [await exact.step(rows), await padded.step(rows)];
      expect(b.loss).toBeCloseTo(a.loss, 6);
      expectClose(b.predictions, a.predictions, 1e-6);
    }
    const [a, b] = [await exact.state(), await padded.state()];
    for (const name of Object.keys(a)) expectClose(b[name] as Float32Array, a[name] as Float32Array, 1e-5);
    exact.dispose();
    padded.dispose();
  });

  it("reports the learning rate of its step", async () => {
    const program = await programOf();
    const { learningRate } = await program.step({ ...batchAt(0), stepIndex: 10 });
    expect(learningRate).toBeCloseTo(0.02 * 0.9 ** 2, 12);
    program.dispose();
  });

  it("leaves no tensor behind, and disposing the program frees all it had", async () => {
    const before = tf.memory().numTensors;
    const program = await programOf();
    await program.step({ ...batchAt(0), stepIndex: 0 });
    await program.evaluate(data);
    const during = tf.memory().numTensors;
    for (let step = 1; step < 5; step++) {
      await program.step({ ...batchAt(step), stepIndex: step });
      await program.evaluate(data);
      await program.restore(await program.state());
    }
    expect(tf.memory().numTensors).toBe(during);
    program.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it("does not share memory with the caller", async () => {
    const program = await programOf();
    const state = await program.state();
    await program.restore(state);
    const kept = structuredClone(state);
    for (const values of Object.values(state)) values.fill(9);
    expect(await program.state()).toEqual(kept);
    program.dispose();
  });
});

describe("training", () => {
  it("learns to tell three clusters apart", async () => {
    const program = await programOf({ batchSize: 16 });
    const before = await program.evaluate(clusters(100, 3));
    for (let step = 0; step < 60; step++) {
      const order = permutation(randomKey(1, "shuffle", step), 64).subarray(0, 16);
      const x = Float32Array.from(
        { length: 80 },
        (_, index) => data.x[(order[Math.floor(index / 5)] as number) * 5 + (index % 5)] as number,
      );
      const y = Float32Array.from(
        { length: 48 },
        (_, index) => data.y[(order[Math.floor(index / 3)] as number) * 3 + (index % 3)] as number,
      );
      await program.step({ x, y, count: 16, stepIndex: step });
    }
    const test = clusters(100, 3);
    const after = await program.evaluate(test);
    expect(after.loss).toBeLessThan(before.loss / 3);
    const right = Array.from({ length: 100 }, (_, row) => {
      const best = (values: Float32Array) =>
        values
          .subarray(row * 3, row * 3 + 3)
          .reduce((top, value, index, all) => (value > (all[top] as number) ? index : top), 0);
      return best(after.predictions) === best(test.y);
    });
    expect(right.filter(Boolean).length).toBeGreaterThan(90);
    program.dispose();
  });

  it("that diverges shows it: the loss becomes NaN or infinite and stays so", async () => {
    const linear = modelOf([5], [dense("hidden", 8, "RELU")], {
      width: 3,
      activation: "LINEAR",
      loss: { type: "MEAN_SQUARED_ERROR" },
    });
    const program = await programOf({ model: linear, optimizer: optimizerOf(plainSgd, 1e20) });
    let loss = 0;
    for (let step = 0; step < 5; step++) loss = (await program.step({ ...batchAt(step), stepIndex: step })).loss;
    expect(Number.isFinite(loss)).toBe(false);
    expect(Number.isFinite((await program.evaluate(data)).loss)).toBe(false);
    program.dispose();
  });

  it("starts from given parameters with fresh slots when it is to fine-tune", async () => {
    const parent = await programOf();
    await parent.step({ ...batchAt(0), stepIndex: 0 });
    const { parameters, optimizer: slots } = splitState(await parent.state());
    expect(Object.keys(slots).every((name) => name.startsWith("optimizer/"))).toBe(true);
    const child = await programOf({ state: initialState(model, optimizer, 1, parameters) });
    const state = splitState(await child.state());
    expect(state.parameters).toEqual(parameters);
    expect(Object.values(state.optimizer).every((slot) => slot.every((value) => value === 0))).toBe(true);
    parent.dispose();
    child.dispose();
  });
});

describe("evaluation", () => {
  it("gives the same answer however many rows there are, without dropout, and does not train", async () => {
    const program = await programOf();
    for (let step = 0; step < 3; step++) await program.step({ ...batchAt(step), stepIndex: step });
    const before = await program.state();
    const many = clusters(300, 4);
    const { loss, predictions } = await program.evaluate(many);
    let sum = 0;
    for (let row = 0; row < 300; row += 20) {
      const part = await program.evaluate(slice(many, row, 20));
      sum += part.loss * 20;
      expectClose(part.predictions, predictions.subarray(row * 3, (row + 20) * 3), 1e-6);
    }
    expect(sum / 300).toBeCloseTo(loss, 6);
    expect(await program.state()).toEqual(before);
    program.dispose();
  });

  it("counts the penalties, as the loss of a step does", async () => {
    const plain = modelOf([5], [], { ...classes });
    const penalized = modelOf([5], [], { ...classes, options: { kernelRegularizer: { l1: 0.5, l2: 0.25 } } });
    const state = initialState(plain, optimizer, 1);
    const kernel = Array.from(state["output/kernel"] as Float32Array);
    const penalty = kernel.reduce((total, value) => total + 0.5 * Math.abs(value) + 0.25 * value * value, 0);
    const [a, b] = [await programOf({ model: plain, state }), await programOf({ model: penalized, state })];
    expect((await b.evaluate(data)).loss - (await a.evaluate(data)).loss).toBeCloseTo(penalty, 5);
    const [stepA, stepB] = [
      await a.step({ ...batchAt(0), stepIndex: 0 }),
      await b.step({ ...batchAt(0), stepIndex: 0 }),
    ];
    expect(stepB.loss - stepA.loss).toBeCloseTo(penalty, 5);
    a.dispose();
    b.dispose();
  });
});

describe("a predictor", () => {
  it("answers any number of rows as evaluation does, also when calls overlap", async () => {
    const program = await programOf();
    for (let step = 0; step < 3; step++) await program.step({ ...batchAt(step), stepIndex: step });
    const many = clusters(600, 5);
    const { predictions } = await program.evaluate(many);
    const before = tf.memory().numTensors;
    const predictor = createPredictor(model, splitState(await program.state()).parameters, executor);
    const counts = [600, 1, 7, 64, 0];
    const answers = await Promise.all(counts.map((count) => predictor.predict(many.x.subarray(0, count * 5), count)));
    answers.forEach((answer, index) => {
      expectClose(answer, predictions.subarray(0, (counts[index] as number) * 3), 1e-6);
    });
    await predictor.dispose();
    expect(tf.memory().numTensors).toBe(before);
    program.dispose();
  });

  it("refuses rows that do not fit, and goes on", async () => {
    const { parameters } = splitState(initialState(model, optimizer, 1));
    const predictor = createPredictor(model, parameters, executor);
    await expect(predictor.predict(new Float32Array(9), 2)).rejects.toMatchObject({ code: "BAD_INPUT" });
    expect(await predictor.predict(new Float32Array(10), 2)).toHaveLength(6);
    predictor.dispose();
    const { "norm/gamma": _, ...incomplete } = parameters;
    expect(() => createPredictor(model, incomplete, executor)).toThrow(/norm\/gamma/);
  });
});

describe("bad input is refused by name", () => {
  const batch = batchAt(0);
  test.each<[string, Partial<Rows>, RegExp]>([
    ["no rows", { count: 0, x: new Float32Array(0), y: new Float32Array(0) }, /"count" is 0/],
    ["half a row", { count: 1.5 }, /"count" is 1.5/],
    ["more rows than a batch", { ...slice(data, 0, 9) }, /more than a batch of 8/],
    ["too few inputs", { x: new Float32Array(39) }, /"x" needs 40/],
    ["too many targets", { y: new Float32Array(25) }, /"y" needs 24/],
  ])("%s", async (_name, change, message) => {
    const program = await programOf();
    const before = await program.state();
    await expect(program.step({ ...batch, ...change, stepIndex: 0 })).rejects.toThrow(message);
    expect(await program.state()).toEqual(before);
    program.dispose();
  });

  test.each<[string, (state: State) => State, RegExp]>([
    ["a missing tensor", ({ "norm/gamma": _, ...rest }) => rest, /norm\/gamma/],
    ["an unknown tensor", (state) => ({ ...state, "dense_9/kernel": new Float32Array(1) }), /dense_9\/kernel/],
    ["a tensor of another size", (state) => ({ ...state, "norm/beta": new Float32Array(9) }), /norm\/beta/],
  ])("a state with %s", async (_name, change, message) => {
    const state = change(initialState(model, optimizer, 1));
    await expect(programOf({ state })).rejects.toThrow(message);
    const program = await programOf();
    const before = await program.state();
    await expect(program.restore(state)).rejects.toThrow(message);
    expect(await program.state()).toEqual(before);
    program.dispose();
  });
});

describe("the first state", () => {
  it("depends on the seed and on each parameter's own name", () => {
    const first = initialState(model, optimizer, 1);
    expect(initialState(model, optimizer, 1)).toEqual(first);
    expect(initialState(model, optimizer, 2)["dense_0/kernel"]).not.toEqual(first["dense_0/kernel"]);
    const shorter = modelOf([5], [dense("dense_0", 8, "RELU")], classes);
    expect(initialState(shorter, optimizer, 1)["dense_0/kernel"]).toEqual(first["dense_0/kernel"]);
  });

  it("tells parameters from slots even in a layer that is named optimizer", () => {
    const odd = modelOf([2], [dense("optimizer", 2, "RELU")], classes);
    const { parameters, optimizer: slots } = splitState(initialState(odd, optimizer, 1));
    expect(Object.keys(parameters)).toEqual(["optimizer/kernel", "optimizer/bias", "output/kernel", "output/bias"]);
    expect(Object.keys(slots)).toHaveLength(8);
  });
});
