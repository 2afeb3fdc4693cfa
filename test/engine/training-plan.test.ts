import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { asLayer } from "../../src/engine/graphs/current-layer.js";
import { planTraining, unsupportedKernels } from "../../src/engine/programs/training-plan.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { useEagerBackend } from "./golden.js";
import { dense, modelOf, optimizerOf, plainAdam } from "./models.js";
import { graphOf } from "./onnx/compare.js";
import { versionNamed } from "./onnx/versions.js";

const model = modelOf([10], [dense("hidden", 20, "RELU")], {
  width: 1,
  activation: "LINEAR",
  loss: { type: "MEAN_SQUARED_ERROR" },
});
const optimizer = optimizerOf(plainAdam, {
  type: "exponentialDecay",
  initial: 0.1,
  decayRate: 0.5,
  decaySteps: 1,
  staircase: false,
});
const hundred = { rowCount: 120, splitCounts: { train: 100, validation: 20, test: 0 } };
const training = { batchSize: 32, epochs: 3, threads: 1, semantics: 2 } as const;

beforeAll(useEagerBackend);

describe("the plan of a training", () => {
  it("tells a training's peak: a step, the program, and 200 bytes more for each row of ten numbers", () => {
    const { memoryBytes, peakMemoryBytes } = planTraining(model, optimizer, training, hundred);
    const beside = (peakMemoryBytes ?? 0) - (memoryBytes ?? 0);
    expect(beside).toBeGreaterThan(200 * 2 ** 20);
    const many = planTraining(model, optimizer, training, {
      rowCount: 12_000_000,
      splitCounts: { train: 10_000_000, validation: 2_000_000, test: 0 },
    });
    const perRow = ((many.peakMemoryBytes ?? 0) - (peakMemoryBytes ?? 0)) / 12_000_000;
    // The model of this test reads one number that is not declared as an input, and predicts one.
    expect(perRow).toBeGreaterThan(32);
    expect(perRow).toBeLessThan(400);
  });

  it("counts steps, parameters and what each layer makes", () => {
    const plan = planTraining(model, optimizer, training, hundred);
    expect(plan).toMatchObject({
      stepsPerEpoch: 4,
      steps: 12,
      updates: 12,
      batchSize: 32,
      parameters: 241,
      trainableParameters: 241,
    });
    expect(
      plan.layers.map(({ path, name, outputShape, parameters }) => ({ path, name, outputShape, parameters })),
    ).toEqual([
      { path: "layers[0]", name: "hidden", outputShape: [20], parameters: 220 },
      { path: "output", name: "output", outputShape: [1], parameters: 21 },
    ]);
    expect(plan.executor).toEqual({ name: "onnx-cpu-1", reason: "every operation of a step can be compiled" });
    expect(plan.unsupported).toEqual([]);
  });

  it("counts the updates of accumulated gradients, of which each epoch ends with one", () => {
    const updates = (gradientAccumulationSteps: number, semantics: 1 | 2 = 2) =>
      planTraining(model, { ...optimizer, gradientAccumulationSteps }, { ...training, semantics }, hundred).updates;
    expect([updates(3), updates(64), updates(64, 1), updates(3, 1)]).toEqual([6, 3, 0, 4]);
  });

  it("counts the operations of each layer for a batch, and of the whole step", () => {
    const { layers, flopsPerStep } = planTraining(model, optimizer, training, hundred);
    // A product, a bias that is added and, for the hidden layer, a rectifier; the addition may be part of the product.
    const [hidden, output] = layers.map(({ flops }) => flops as number) as [number, number];
    const products = { hidden: 2 * 32 * 10 * 20, output: 2 * 32 * 20 };
    expect(hidden).toBeGreaterThanOrEqual(products.hidden);
    expect(hidden).toBeLessThanOrEqual(products.hidden + 2 * 32 * 20);
    expect(output).toBeGreaterThanOrEqual(products.output);
    expect(output).toBeLessThanOrEqual(products.output + 2 * 32);
    // Backwards, the first layer needs a product for its kernel, the second another one for its input.
    expect(flopsPerStep).toBeGreaterThan(2 * products.hidden + 3 * products.output);
    expect(flopsPerStep).toBeLessThan(3 * (products.hidden + products.output));
  });

  it("needs memory for the state, and more for larger batches", () => {
    const of = (batchSize: number) =>
      planTraining(model, optimizer, { ...training, batchSize }, hundred).memoryBytes ?? 0;
    const state = 3 * 4 * 241;
    expect(of(1)).toBeGreaterThan(2 * state);
    expect(of(64) - of(32)).toBeGreaterThanOrEqual(32 * 4 * (10 + 20));
  });

  it("shows the learning rate over the run, at no more than 200 steps", () => {
    const few = planTraining(model, optimizer, training, hundred).learningRate;
    expect(few).toHaveLength(12);
    expect(few[0]).toEqual({ step: 1, value: 0.1 });
    expect(few[1]?.value).toBeCloseTo(0.05, 12);
    const many = planTraining(model, optimizer, { ...training, epochs: 1000 }, hundred).learningRate;
    expect(many).toHaveLength(200);
    expect(many.at(-1)?.step).toBe(4000);
  });

  it("calls the layer that embeds inputs `inputs`", () => {
    const version = versionNamed("categories one-hot, as a code and embedded, for a number");
    const { layers } = planTraining(version.model, optimizer, training, hundred);
    expect(layers.map(({ path }) => path)).toEqual(["inputs", "layers[0]", "output"]);
  });
});

describe("operations that cannot be compiled", () => {
  const withoutForm = (x: tf.Tensor) => tf.real(tf.fft(tf.complex(x, tf.zerosLike(x))));
  const graph = (layer: string | undefined) => () =>
    graphOf({ x: [2, 4] }, ({ x }) => {
      const compute = () => withoutForm(x as tf.Tensor);
      return layer === undefined ? compute() : asLayer(layer, compute);
    });

  it("are named with the path of their layer, each once", () => {
    const found = unsupportedKernels(model, [graph("hidden"), graph("hidden"), graph("output"), graph(undefined)]);
    expect(found.map(({ path }) => path)).toEqual(["layers[0]", "output", null]);
    for (const { kernel, reason } of found) {
      expect(kernel).toMatch(/^[A-Z]\w+$/);
      expect(reason).toBe(`needs the operation ${kernel}, which cannot be compiled`);
    }
  });

  it("leave nothing that would compute the training, with the reason", () => {
    const sequence = [{ repeatVector: { n: 1_000 } }, ...Array(5).fill({ lstm: { units: 1, returnSequences: true } })];
    const dataset = resolveDataset({
      name: "rows",
      features: [
        { name: "x", type: "VECTOR", shape: [2] },
        { name: "y", type: "NUMBER" },
      ],
    });
    const layers = [...sequence, { flatten: {} }];
    const long = resolveModel({ name: "long", dataset: "rows", target: "y", layers }, dataset.spec).spec as ModelSpec;
    const plan = planTraining(long, optimizer, training, hundred);
    // It is the way back that goes beyond, and that belongs to no layer for certain.
    const executor = { name: "none", reason: "the training takes the step beyond 100,000 operations" };
    expect(plan).toMatchObject({ flopsPerStep: null, memoryBytes: null, executor });
  });

  it("are those beyond 100,000 too, with the path of the layer that goes beyond", () => {
    const long = () =>
      graphOf({ x: [2, 4] }, ({ x }) =>
        asLayer("hidden", () => {
          let sum = x as tf.Tensor;
          for (let count = 0; count <= 100_000; count++) sum = tf.add(sum, x as tf.Tensor);
          return sum;
        }),
      );
    const reason = "takes the step beyond 100,000 operations";
    expect(unsupportedKernels(model, [long, long])).toEqual([{ path: "layers[0]", kernel: "Add", reason }]);
  });
});
