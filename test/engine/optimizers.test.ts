import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it, test } from "vitest";
import { rowCounting } from "../../src/engine/graphs/row-counting.js";
import { clipGradients } from "../../src/engine/optimizers/clipping.js";
import { averageSlot, createOptimizer, slotsFor, updateRule } from "../../src/engine/optimizers/optimizer.js";
import { learningRate } from "../../src/engine/optimizers/schedules.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { algorithmTypes } from "../../src/language/algorithms/algorithms.js";
import type {
  Algorithm,
  Clipping,
  OptimizerDeclaration,
  OptimizerSpec,
} from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import type { ParameterKind } from "../../src/language/layers/parameter.js";
import type { Schedule } from "../../src/language/schedules/schedules.js";
import { type TrainingSemantics, trainingSemantics } from "../../src/language/training/training.js";
import { resolved } from "../language/declarations.js";
import { golden } from "./golden.js";
import { optimizerOf, plainAdam, plainSgd } from "./models.js";
import { updates, useDoublePrecision } from "./updates.js";

useDoublePrecision();

const smooth: Schedule = { type: "exponentialDecay", initial: 0.1, decaySteps: 2, decayRate: 0.5, staircase: false };
const staircase: Schedule = { ...smooth, staircase: true };
const adamw = { ...plainAdam, type: "adamw" } as const satisfies Algorithm;
const none: Clipping = { type: "NONE" };

const vectors: Record<string, OptimizerSpec> = {
  sgd: optimizerOf(plainSgd, 0.1),
  momentum: optimizerOf({ ...plainSgd, momentum: 0.9 }, 0.1),
  nesterov: optimizerOf({ type: "sgd", momentum: 0.9, nesterov: true }, 0.1),
  "momentum with exponential decay": optimizerOf({ ...plainSgd, momentum: 0.9 }, smooth),
  adam: optimizerOf(plainAdam, 0.01),
  "adam with other constants": optimizerOf({ ...plainAdam, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }, 0.05),
  amsgrad: optimizerOf({ ...plainAdam, amsgrad: true }, 0.01),
  "adam with staircase decay": optimizerOf(plainAdam, { ...staircase, initial: 0.02 }),
  adamw: optimizerOf(adamw, 0.01, none, { weightDecay: 0.1 }),
  "adamw amsgrad": optimizerOf({ ...adamw, amsgrad: true }, 0.01, none, { weightDecay: 0.02 }),
  "sgd clipped by norm": optimizerOf(plainSgd, 0.1, { type: "NORM", limit: 0.5 }),
  "sgd clipped by global norm": optimizerOf(plainSgd, 0.1, { type: "GLOBAL_NORM", limit: 0.5 }),
  "sgd clipped by value": optimizerOf(plainSgd, 0.1, { type: "VALUE", limit: 0.25 }),
};

/** As a user declares them: what is left out must be Keras's default. */
const declared: Record<string, Omit<OptimizerDeclaration, "name" | "learningRate"> & { rate: number | Schedule }> = {
  "nesterov with weight decay": { rate: 0.1, algorithm: { sgd: { momentum: 0.9, nesterov: true } }, weightDecay: 0.05 },
  adagrad: { rate: 0.1, algorithm: { adagrad: {} } },
  "adagrad with other constants": {
    rate: 0.2,
    algorithm: { adagrad: { initialAccumulatorValue: 0, epsilon: 1e-2 } },
  },
  adadelta: { rate: 1, algorithm: { adadelta: {} } },
  "adadelta with weight decay": { rate: 0.5, algorithm: { adadelta: { rho: 0.8, epsilon: 1e-3 } }, weightDecay: 0.1 },
  rmsprop: { rate: 0.01, algorithm: { rmsprop: {} } },
  "rmsprop with momentum": { rate: 0.01, algorithm: { rmsprop: { rho: 0.8, momentum: 0.9, epsilon: 1e-4 } } },
  "rmsprop centered": { rate: 0.01, algorithm: { rmsprop: { centered: true } } },
  "rmsprop centered with momentum, decay and clipping": {
    rate: 0.02,
    algorithm: { rmsprop: { centered: true, momentum: 0.5 } },
    weightDecay: 0.1,
    globalClipNorm: 1,
  },
  "adam with weight decay": { rate: 0.01, algorithm: { adam: {} }, weightDecay: 0.1 },
  adamw: { rate: 0.01, algorithm: { adamw: {} } },
  adamax: { rate: 0.01, algorithm: { adamax: {} } },
  "adamax with weight decay": {
    rate: 0.05,
    algorithm: { adamax: { beta1: 0.8, beta2: 0.9, epsilon: 1e-3 } },
    weightDecay: 0.02,
  },
  nadam: { rate: 0.01, algorithm: { nadam: {} } },
  "nadam with other constants": {
    rate: 0.05,
    algorithm: { nadam: { beta1: 0.8, beta2: 0.95, epsilon: 1e-3 } },
    clipValue: 0.5,
  },
  ftrl: { rate: 0.1, algorithm: { ftrl: {} } },
  "ftrl with penalties": {
    rate: 0.2,
    algorithm: {
      ftrl: {
        learningRatePower: -0.7,
        initialAccumulatorValue: 0.2,
        l1RegularizationStrength: 0.5,
        l2RegularizationStrength: 0.3,
        l2ShrinkageRegularizationStrength: 0.1,
        beta: 0.4,
      },
    },
    weightDecay: 0.1,
  },
  lion: { rate: 0.01, algorithm: { lion: {} } },
  "lion with weight decay": { rate: 0.02, algorithm: { lion: { beta1: 0.7, beta2: 0.9 } }, weightDecay: 0.5 },
  lamb: { rate: 0.01, algorithm: { lamb: {} } },
  "lamb with weight decay": { rate: 0.05, algorithm: { lamb: { epsilon: 1e-3 } }, weightDecay: 0.1 },
  adafactor: { rate: 0.05, algorithm: { adafactor: {} } },
  "adafactor with other constants": {
    rate: 0.8,
    algorithm: { adafactor: { beta2Decay: -0.5, epsilon1: 1e-3, epsilon2: 0.1, clipThreshold: 0.5 } },
    weightDecay: 0.1,
  },
  muon: { rate: 0.01, algorithm: { muon: {} } },
  "muon with other constants": {
    rate: 0.05,
    algorithm: {
      muon: {
        ...{ adamBeta1: 0.8, adamBeta2: 0.95, adamLrRatio: 0.5, epsilon: 1e-3 },
        ...{ momentum: 0.8, nesterov: false, nsSteps: 3, muonA: 3, muonB: -4, muonC: 1.9, rmsRate: 0 },
      },
    },
    weightDecay: 0.1,
  },
  "muon with an average of clipped steps": {
    rate: 0.02,
    algorithm: { muon: {} },
    globalClipNorm: 1,
    ema: { momentum: 0.8 },
  },
  "muon over pairs of batches": { rate: 0.02, algorithm: { muon: {} }, gradientAccumulationSteps: 2 },
  "adam with an average of weights": { rate: 0.05, algorithm: { adam: {} }, ema: { momentum: 0.8 } },
  "momentum over pairs of batches": {
    rate: { type: "exponentialDecay", initial: 0.1, decaySteps: 1, decayRate: 0.5, staircase: false },
    algorithm: { sgd: { momentum: 0.9 } },
    gradientAccumulationSteps: 2,
  },
  "adam over pairs of batches with everything": {
    rate: 0.05,
    algorithm: { adam: {} },
    weightDecay: 0.1,
    clipNorm: 1,
    ema: { momentum: 0.5 },
    gradientAccumulationSteps: 2,
  },
};

function specOf({ rate, ...declaration }: (typeof declared)[string]): OptimizerSpec {
  const spec = resolved(resolveOptimizer({ name: "o", ...declaration }));
  return { ...spec, learningRate: typeof rate === "number" ? { type: "constant", value: rate } : rate };
}

/** Parameters and slots after every step. */
function follow(spec: OptimizerSpec, start: tf.Tensor[], gradients: tf.Tensor[][], semantics: TrainingSemantics = 2) {
  const counting = rowCounting(semantics);
  const optimizer = createOptimizer(spec, counting);
  const batches = { batchSize: 8, stepsPerEpoch: 1000, accumulated: spec.gradientAccumulationSteps };
  let current: { parameter: tf.Tensor; slots: NamedTensors }[] = start.map((parameter) => ({
    parameter,
    slots: Object.fromEntries(
      slotsFor(spec, parameter.shape).map(({ name, shape, initial }) => [
        name,
        initial === "PARAMETER" ? parameter : tf.fill(shape, initial),
      ]),
    ),
  }));
  return gradients.map((ofStep, step) => {
    const rate = learningRate(spec.learningRate, step);
    const values = optimizer.scalarValues(rate, counting.updateStep(step, 8, batches));
    expect(Object.keys(values).sort()).toEqual([...optimizer.scalars].sort());
    const scalars = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, tf.scalar(value)]));
    const given = current.map((held, index) => ({ ...held, gradient: ofStep[index] as tf.Tensor }));
    current = optimizer.apply(given, scalars);
    for (const [index, { parameter, slots }] of current.entries()) {
      const declared = slotsFor(spec, parameter.shape).map(({ name, shape }) => [name, shape]);
      expect(parameter.shape).toEqual(start[index]?.shape);
      expect(Object.fromEntries(Object.entries(slots).map(([name, { shape }]) => [name, shape]))).toEqual(
        Object.fromEntries(declared),
      );
    }
    return current;
  });
}

function expectExactly(actual: tf.Tensor | undefined, expected: number[] | undefined, tolerance = 1e-11): void {
  const values = Array.from(actual?.dataSync() ?? []);
  expect(values).toHaveLength(expected?.length ?? -1);
  values.forEach((value, index) => {
    const wanted = expected?.[index] as number;
    const difference = Math.abs(value - wanted);
    expect(difference, `[${index}] is ${value}, not ${wanted}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(wanted)),
    );
  });
}

it("covers every trajectory that Keras computed, with every algorithm there is", () => {
  expect(Object.keys(vectors)).toEqual(Object.keys(golden.optimizers));
  expect(Object.keys(declared)).toEqual(Object.keys(updates.optimizers));
  const covered = [...Object.values(vectors), ...Object.values(declared).map(specOf)];
  expect(new Set(covered.map(({ algorithm }) => algorithm.type))).toEqual(new Set(algorithmTypes));
});

test.each(Object.entries(vectors))("%s follows Keras for five steps on vectors", (name, spec) => {
  const start = golden.parameters.map((values) => tf.tensor1d(values));
  const gradients = golden.gradients.map((step) => step.map((values) => tf.tensor1d(values)));
  follow(spec, start, gradients).forEach((state, step) => {
    for (const [index, { parameter }] of state.entries())
      expectExactly(parameter, golden.optimizers[name]?.[step]?.[index]);
  });
});

const shapes = [[4], [2, 3]];
const tensors = (values: number[][]) => values.map((flat, index) => tf.tensor(flat, shapes[index]));

test.each(Object.entries(declared))("%s follows Keras for five steps on a vector and a matrix", (name, declaration) => {
  const expected = updates.optimizers[name];
  // Keras takes the means of Adafactor and the norm of Muon in 32 bits even here.
  const tolerance = name.startsWith("adafactor") ? 2e-7 : name.startsWith("muon") ? 2e-8 : undefined;
  for (const semantics of trainingSemantics) {
    const gradients = updates.gradients.map(tensors);
    const states = follow(specOf(declaration), tensors(updates.parameters), gradients, semantics);
    states.forEach((state, step) => {
      for (const [index, { parameter, slots }] of state.entries()) {
        expectExactly(parameter, expected?.steps[step]?.[index], tolerance);
        if (expected?.averages) expectExactly(slots[averageSlot], expected.averages[step]?.[index], tolerance);
      }
    });
  }
});

describe("an update rule", () => {
  const rates = { constant: 0.01 };
  const specs = algorithmTypes.map((type) =>
    resolved(resolveOptimizer({ name: "o", algorithm: { [type]: {} }, learningRate: rates })),
  );
  const updated = (spec: OptimizerSpec, parameter: number[], gradients: number[][]) => {
    const steps = follow(
      spec,
      [tf.tensor1d(parameter)],
      gradients.map((values) => [tf.tensor1d(values)]),
    );
    return Array.from(steps.at(-1)?.[0]?.parameter.dataSync() ?? []);
  };

  test.each(specs)(
    "$algorithm.type shows a NaN and an infinity in the gradient, and leaves the rest finite",
    (spec) => {
      // Adafactor clips the steps of all elements together.
      const whole = spec.algorithm.type === "adafactor";
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const [hit, other] = updated(
          spec,
          [1, 2],
          [
            [bad, 0.5],
            [0.1, 0.5],
            [0.1, 0.5],
          ],
        ) as [number, number];
        expect(Number.isFinite(hit), `${spec.algorithm.type} of ${bad} gave ${hit}`).toBe(false);
        expect(Number.isFinite(other)).toBe(!whole);
      }
    },
  );

  test.each(specs)("$algorithm.type stays finite without any gradient", (spec) => {
    const moved = updated(
      spec,
      [1, -2, 0],
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
    );
    for (const value of moved) expect(Number.isFinite(value)).toBe(true);
  });

  test.each(specs)("$algorithm.type goes down a bowl", (spec) => {
    const optimizer = createOptimizer({ ...spec, learningRate: { type: "constant", value: 0.1 } }, rowCounting(2));
    let parameter: tf.Tensor = tf.tensor1d([1, -2]);
    let slots: NamedTensors = Object.fromEntries(
      slotsFor(spec, [2]).map(({ name, shape, initial }) => [name, tf.fill(shape, initial as number)]),
    );
    for (let step = 0; step < 200; step++) {
      const values = Object.entries(
        optimizer.scalarValues(0.1, { update: step, completes: true, rows: 1, rowsSoFar: 1 }),
      );
      const scalars = Object.fromEntries(values.map(([name, value]) => [name, tf.scalar(value)]));
      const [next] = optimizer.apply([{ parameter, gradient: tf.mul(parameter, 2), slots }], scalars);
      parameter = next?.parameter as tf.Tensor;
      slots = next?.slots ?? {};
    }
    const left = tf.sum(tf.square(parameter)).dataSync()[0] as number;
    // Adadelta's steps begin at the root of epsilon: it is only on its way.
    expect(left).toBeLessThan(spec.algorithm.type === "adadelta" ? 4.9999 : 1);
  });

  it("of centered RMSprop survives gradients that hardly change, where a difference of squares turns negative", () => {
    const spec = resolved(resolveOptimizer({ name: "o", algorithm: { rmsprop: { centered: true } } }));
    const gradients = Array.from({ length: 400 }, () => [1000.1, -3e4]);
    const single = gradients.map((values) => values.map(Math.fround));
    const [a, b] = updated(spec, [1, 1], single) as [number, number];
    expect(a).toBeLessThan(1);
    expect(b).toBeGreaterThan(1);
    expect(Number.isFinite(a) && Number.isFinite(b)).toBe(true);
  });

  it("of LAMB takes a plain step where a parameter is all zeros", () => {
    const spec = resolved(resolveOptimizer({ name: "o", algorithm: { lamb: {} }, learningRate: { constant: 0.1 } }));
    expect(updated(spec, [0, 0], [[3, -5]])).toEqual([expect.closeTo(-0.1, 6), expect.closeTo(0.1, 6)]);
  });

  it("of Adafactor keeps rows and columns instead of a matrix", () => {
    const { slots } = updateRule({
      type: "adafactor",
      beta2Decay: -0.8,
      epsilon1: 1e-30,
      epsilon2: 1e-3,
      clipThreshold: 1,
    });
    expect(slots([3, 3, 16, 32]).map(({ shape }) => shape)).toEqual([
      [3, 3, 16, 1],
      [3, 3, 1, 32],
    ]);
    expect(slots([5]).map(({ shape }) => shape)).toEqual([[5]]);
  });

  const muonStep = (gradient: number[][], options: object = {}) => {
    const shape = [gradient.length, gradient[0]?.length ?? 0] as [number, number];
    const muon = { nesterov: false, rmsRate: 0, nsSteps: 5, ...options };
    const spec = { ...resolved(resolveOptimizer({ name: "o", algorithm: { muon }, learningRate: { constant: 1 } })) };
    const [state] = follow({ ...spec, weightDecay: 0 }, [tf.zeros(shape)], [[tf.tensor2d(gradient)]]);
    return Array.from(tf.neg(state?.[0]?.parameter as tf.Tensor).dataSync());
  };
  /** What five Newton-Schulz steps make of a singular value. */
  const swollen = (value: number) => {
    let x = value;
    for (let step = 0; step < 5; step++) x = 3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5;
    return x;
  };

  it("of Muon changes the singular values of a matrix and nothing else", () => {
    // Rotations times singular values 3 and 1, whose norm is the root of 10.
    const [cos, sin] = [Math.cos(0.3), Math.sin(0.3)];
    const times = (a: number, b: number) => [
      [a * cos, -b * sin, 0],
      [a * sin, b * cos, 0],
    ];
    const norm = Math.sqrt(10) + 1e-7;
    const expected = times(swollen(3 / norm), swollen(1 / norm));
    expectExactly(tf.tensor1d(muonStep(times(3, 1))), expected.flat());
    // A tall matrix is turned, and the scale is that of its longer axis.
    const turned = (rows: number[][]) => [0, 1, 2].map((column) => rows.map((row) => row[column] as number));
    const scaled = turned(expected).map((row) => row.map((value) => value * 0.2 * Math.sqrt(3)));
    expectExactly(tf.tensor1d(muonStep(turned(times(3, 1)), { rmsRate: 0.2 })), scaled.flat());
    for (const value of [1e-3, 0.1, 0.5, 1])
      expect(Math.abs(swollen(value) - 1)).toBeLessThan(value < 0.01 ? 0.7 : 0.35);
  });

  it("of Muon treats as matrices neither vectors, convolutions, embeddings nor excluded layers", () => {
    const spec = (muon: object) => resolved(resolveOptimizer({ name: "o", algorithm: { muon } }));
    const slotsOf = (muon: object, shape: number[], name: string, kind?: ParameterKind) =>
      slotsFor(spec(muon), shape, { name, kind }).map((slot) => slot.name);
    const matrix = ["momentum"];
    expect(slotsOf({}, [3, 4], "dense/kernel")).toEqual(matrix);
    expect(slotsOf({}, [4], "dense/bias", "BIAS")).toEqual(["m", "v"]);
    expect(slotsOf({}, [3, 3, 1, 4], "conv/kernel")).toEqual(["m", "v"]);
    expect(slotsOf({}, [9, 4], "table/embeddings", "EMBEDDING")).toEqual(["m", "v"]);
    expect(slotsOf({ excludeEmbeddings: false }, [9, 4], "table/embeddings", "EMBEDDING")).toEqual(matrix);
    expect(slotsOf({}, [3, 4], "output/kernel")).toEqual(["m", "v"]);
    expect(slotsOf({ excludeLayers: [] }, [3, 4], "output/kernel")).toEqual(matrix);
    expect(slotsOf({ excludeLayers: ["dense_0"] }, [3, 4], "block/dense_0/kernel")).toEqual(["m", "v"]);
    expect(slotsOf({ excludeLayers: ["kernel", "dense"] }, [3, 4], "block/dense_0/kernel")).toEqual(matrix);
  });

  it("of Muon shows a NaN and an infinity in the gradient of a matrix", () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(
        muonStep([
          [1, bad],
          [2, 3],
        ])[1],
      ).toBeNaN();
    for (const value of muonStep([
      [0, 0],
      [0, 0],
    ]))
      expect(value).toBeCloseTo(0, 12);
  });

  it("of Nadam has the same scalars whichever updates were asked for before", () => {
    const nadam = { type: "nadam", beta1: 0.9, beta2: 0.999, epsilon: 1e-7 } as const;
    const straight = updateRule(nadam);
    for (let update = 0; update < 300; update++) straight.scalarValues(0.01, update);
    const asked = updateRule(nadam).scalarValues(0.01, 123);
    expect(straight.scalarValues(0.01, 123)).toEqual(asked);
  });
});

test.each<Clipping>([
  { type: "VALUE", limit: 1 },
  { type: "NORM", limit: 1 },
  { type: "GLOBAL_NORM", limit: 1 },
])("clipping by $type does not hide a NaN", (clipping) => {
  const [clipped] = clipGradients(clipping, [tf.tensor1d([1, Number.NaN, -5])]);
  expect(clipped?.dataSync()[1]).toBeNaN();
});

test.each(["NORM", "GLOBAL_NORM"] as const)(
  "clipping by %s turns an infinite norm into NaN, not into zeros",
  (type) => {
    const [clipped] = clipGradients({ type, limit: 1 }, [tf.tensor1d([1, Number.POSITIVE_INFINITY])]);
    expect([...(clipped?.dataSync() ?? [])]).toEqual([Number.NaN, Number.NaN]);
  },
);
