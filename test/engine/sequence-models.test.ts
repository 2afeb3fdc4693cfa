import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { TensorSpec } from "../../src/engine/graphs/graph.js";
import { predictionGraph } from "../../src/engine/networks/inference-graphs.js";
import { plan } from "../../src/engine/networks/plan.js";
import { trainingGraph } from "../../src/engine/networks/training-graph.js";
import { createTrainingProgram, type Rows } from "../../src/engine/programs/training-program.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { normal, randomKey, uniform } from "../../src/engine/tensors/random.js";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { useEagerBackend } from "./golden.js";
import { optimizerOf, plainAdam } from "./models.js";

beforeAll(useEagerBackend);

/** A model of declared layers that predicts `y` from everything else. */
function modelOf(
  features: FeatureDeclaration[],
  layers: LayerDeclaration[],
  preprocessing: ModelDeclaration["preprocessing"] = [],
): ModelSpec {
  const dataset = resolveDataset({ name: "d", features });
  const model = resolveModel({ name: "m", dataset: "d", target: "y", preprocessing, layers }, dataset.spec);
  if (!model.spec) throw new Error(JSON.stringify([dataset.problems, model.problems]));
  return model.spec;
}

const steps = 6;
const signal: FeatureDeclaration[] = [
  { name: "x", type: "VECTOR", shape: [steps] },
  { name: "y", type: "BINARY" },
];
const words: FeatureDeclaration[] = [
  { name: "x", type: "VECTOR", shape: [steps] },
  { name: "y", type: "CATEGORY", categories: ["0", "1", "2"] },
];
const asIds: ModelDeclaration["preprocessing"] = [{ feature: "x", method: "NONE" }];
const asSequence: LayerDeclaration = { reshape: { targetShape: [steps, 1] } };
const flatten: LayerDeclaration = { flatten: {} };
const count = 64;

/** Whether the sum of a signal is positive. */
function sums(): Rows {
  const x = Float32Array.from(normal(randomKey(1, "signal"), count * steps));
  const total = (row: number) => x.subarray(row * steps, (row + 1) * steps).reduce((sum, value) => sum + value, 0);
  return { x, y: Float32Array.from({ length: count }, (_, row) => Number(total(row) > 0)), count };
}

/** The first of the words. */
function firstWords(): Rows {
  const x = uniform(randomKey(1, "words"), count * steps).map((value) => Math.floor(value * 3));
  const y = new Float32Array(count * 3);
  for (let row = 0; row < count; row++) y[row * 3 + (x[row * steps] as number)] = 1;
  return { x, y, count };
}

/** Trains on all rows at once and answers the share that is then predicted right. */
async function accuracyAfter(epochs: number, model: ModelSpec, rows: Rows): Promise<number> {
  const executor = createEagerExecutor();
  const program = await createTrainingProgram({
    model,
    optimizer: optimizerOf(plainAdam, 0.03),
    batchSize: count,
    seed: 3,
    semantics: 2,
    executor,
  });
  for (let stepIndex = 0; stepIndex < epochs; stepIndex++) await program.step({ ...rows, stepIndex });
  const { predictions } = await program.evaluate(rows);
  program.dispose();
  const { width } = model.target;
  const best = (values: Float32Array, row: number) => {
    const own = values.subarray(row * width, (row + 1) * width);
    return width === 1 ? Number((own[0] as number) > 0.5) : own.indexOf(Math.max(...own));
  };
  const right = Array.from({ length: count }, (_, row) => best(predictions, row) === best(rows.y, row));
  return right.filter(Boolean).length / count;
}

const embedding: LayerDeclaration = { embedding: { inputDim: 3, outputDim: 4 } };

describe("learn whether a signal's sum is positive:", () => {
  test.each<[string, LayerDeclaration]>([
    ["a simple RNN", { simpleRnn: { units: 6 } }],
    ["a GRU", { gru: { units: 6, dropout: 0.1 } }],
    ["an LSTM", { lstm: { units: 6 } }],
    ["both directions", { bidirectional: { layer: { gru: { units: 4 } }, mergeMode: "ADD" } }],
  ])("%s", async (_, layer) => {
    expect(await accuracyAfter(60, modelOf(signal, [asSequence, layer]), sums())).toBeGreaterThan(0.93);
  });
});

describe("recall the first word:", () => {
  test.each<[string, LayerDeclaration[]]>([
    ["an LSTM", [{ lstm: { units: 8 } }]],
    ["a GRU that reads backwards", [{ gru: { units: 8, goBackwards: true } }]],
    [
      "a transformer",
      [
        { positionEmbedding: {} },
        { residual: { layers: [{ layerNormalization: {} }, { multiHeadAttention: { numHeads: 2, keyDim: 4 } }] } },
        { residual: { layers: [{ layerNormalization: {} }, { dense: { units: 4, activation: "GELU" } }] } },
        flatten,
      ],
    ],
  ])("%s", async (_, layers) => {
    expect(await accuracyAfter(60, modelOf(words, [embedding, ...layers], asIds), firstWords())).toBeGreaterThan(0.93);
  });
});

const shop: FeatureDeclaration[] = [
  { name: "price", type: "NUMBER" },
  { name: "city", type: "CATEGORY", categories: ["a", "b", "c", "d"] },
  { name: "weight", type: "NUMBER" },
  { name: "brand", type: "CATEGORY", categories: ["p", "q", "r"] },
  { name: "y", type: "BINARY" },
];
const wideAndDeep = modelOf(
  shop,
  [{ parallel: { branches: [[], [{ dense: { units: 8, activation: "RELU" } }, { dense: { units: 4 } }]] } }],
  [
    { feature: "city", method: "EMBEDDING", dimensions: 2 },
    { feature: "brand", method: "EMBEDDING", dimensions: 3 },
  ],
);

it("a wide and deep network learns what only the pair of two categories tells", async () => {
  const [cities, brands] = [4, 3].map((size, index) =>
    uniform(randomKey(index, "ids"), count).map((value) => Math.floor(value * size)),
  ) as [Float32Array, Float32Array];
  const numbers = normal(randomKey(4, "numbers"), count * 2);
  const x = new Float32Array(count * 4);
  const y = new Float32Array(count);
  for (let row = 0; row < count; row++) {
    const [city, brand] = [cities[row] as number, brands[row] as number];
    x.set([numbers[row * 2] as number, city, numbers[row * 2 + 1] as number, brand], row * 4);
    y[row] = (city + brand) % 2;
  }
  expect(await accuracyAfter(150, wideAndDeep, { x, y, count })).toBeGreaterThan(0.95);
});

it("an embedded input is the row of its table, between the inputs beside it", () => {
  const layer = wideAndDeep.layers[0];
  expect(layer).toMatchObject({ type: "inputEmbedding", outputShape: [7] });
  const graph = predictionGraph({ ...wideAndDeep, layers: [layer as never, linear(7)] }, 1);
  const state: NamedTensors = {
    "inputs/city/embeddings": tf.tensor2d([0, 1, 10, 11, 20, 21, 30, 31], [4, 2]),
    "inputs/brand/embeddings": tf.tensor2d([0, 1, 2, 10, 11, 12, 20, 21, 22], [3, 3]),
    "output/kernel": tf.eye(7),
    "output/bias": tf.zeros([7]),
  };
  const { outputs } = graph.run({ x: tf.tensor2d([[0.5, 2, 0.25, 1]]) }, state);
  expect(Array.from(outputs.predictions?.dataSync() ?? [])).toEqual([0.5, 20, 21, 0.25, 10, 11, 12]);
});

function linear(units: number): ModelSpec["layers"][number] {
  const output = wideAndDeep.layers.at(-1) as Extract<ModelSpec["layers"][number], { type: "dense" }>;
  return { ...output, inputShape: [units], outputShape: [units], units, activation: "LINEAR" };
}

/** Every sequence layer, with everything that a training step could leave behind. */
const everything = modelOf(
  words,
  [
    { embedding: { inputDim: 5, outputDim: 4, embeddingsRegularizer: { l2: 0.01 } } },
    { positionEmbedding: {} },
    {
      residual: {
        layers: [
          { multiHeadAttention: { numHeads: 2, keyDim: 2, dropout: 0.2, causal: true } },
          { batchNormalization: {} },
          { dropout: { rate: 0.2 } },
        ],
      },
    },
    { parallel: { branches: [[{ simpleRnn: { units: 2, returnSequences: true, dropout: 0.1 } }], []] } },
    { bidirectional: { layer: { lstm: { units: 2, returnSequences: true, dropout: 0.1 } } } },
    { gru: { units: 3, goBackwards: true } },
  ],
  asIds,
);

describe("a graph with every sequence layer", () => {
  const training = trainingGraph(everything, optimizerOf(plainAdam), 3);
  const constants = (specs: TensorSpec[]): NamedTensors =>
    Object.fromEntries(specs.map(({ name, shape }) => [name, tf.fill(shape, name === "x" ? 2 : 0.5)]));

  test.each([training, predictionGraph(everything, 3)])("leaves nothing behind: $name", (graph) => {
    const [inputs, state] = [constants(graph.inputs), constants(graph.state)];
    const before = tf.memory().numTensors;
    const result = graph.run(inputs, state);
    expect(Object.entries(result.outputs).map(([name, { shape }]) => ({ name, shape }))).toEqual(
      expect.arrayContaining(graph.outputs.map(({ name, shape }) => ({ name, shape }))),
    );
    expect(Object.keys(result.state).sort()).toEqual(
      graph === training ? graph.state.map(({ name }) => name).sort() : [],
    );
    tf.dispose([result.outputs, result.state]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([inputs, state]);
  });

  it("names random inputs and parameters by the layers they lie in", () => {
    const random = training.inputs.filter(({ name }) => name.startsWith("random/"));
    expect(random.map(({ name, shape }) => [name, shape])).toEqual([
      ["random/residual_2/multi_head_attention_0/mask", [3, 2, 6, 6]],
      ["random/residual_2/dropout_2/mask", [3, 6, 4]],
      ["random/parallel_3/branch_0/simple_rnn_0/mask", [3, 4]],
      ["random/bidirectional_4/forward_layer/mask", [3, 6]],
      ["random/bidirectional_4/backward_layer/mask", [3, 6]],
    ]);
    const names = training.state.map(({ name }) => name);
    expect(names).toContain("residual_2/batch_normalization_1/moving_mean");
    expect(names).not.toContain("optimizer/m/residual_2/batch_normalization_1/moving_mean");
    expect(names).toContain("optimizer/m/bidirectional_4/backward_layer/recurrent_kernel");
    expect(plan(everything).layers.map(({ parameters }) => parameters)).toEqual([20, 24, 96, 14, 144, 81, 12]);
  });
});
