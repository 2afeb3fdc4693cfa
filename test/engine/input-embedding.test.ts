import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, test } from "vitest";
import { inputEmbedding } from "../../src/engine/layers/embedding.js";
import { createTrainingProgram, type Rows } from "../../src/engine/programs/training-program.js";
import { randomKey, uniform } from "../../src/engine/tensors/random.js";
import type { FeatureDeclaration } from "../../src/language/datasets/dataset.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { Layer, LayerDeclaration } from "../../src/language/layers/layer.js";
import type { ModelDeclaration, ModelSpec } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { useEagerBackend } from "./golden.js";
import { optimizerOf, plainAdam } from "./models.js";
import { compiled, eager, expectSame } from "./onnx/compare.js";

beforeAll(useEagerBackend);

const features: FeatureDeclaration[] = [
  { name: "note", type: "TEXT" },
  { name: "size", type: "NUMBER" },
  { name: "y", type: "BINARY" },
];
const length = 4;

function modelOf(inputs: string[], layers: LayerDeclaration[], options: object = {}): ModelSpec {
  const dataset = resolveDataset({ name: "d", features });
  const preprocessing: ModelDeclaration["preprocessing"] = [
    { feature: "note", maxTokens: 3, maxLength: length, dimensions: 2, ...options },
  ];
  const declaration = { name: "m", dataset: "d", target: "y", inputs, preprocessing, layers };
  const { spec, problems } = resolveModel(declaration, dataset.spec);
  if (!spec) throw new Error(JSON.stringify(problems));
  return spec;
}

/** What the layer makes of rows, with the vectors [10 id, 10 id + 1]. */
function embedded({ layers: [layer] }: ModelSpec, x: number[][]): unknown {
  const table = tf.tensor2d(Array.from({ length: 5 }, (_, id) => [10 * id, 10 * id + 1]));
  return inputEmbedding(layer as Extract<Layer, { type: "inputEmbedding" }>, tf.tensor2d(x), {
    "note/embeddings": table,
  }).arraySync();
}

describe("the vectors of a text", () => {
  it("are averaged over the real tokens; padding does not dilute them, and an empty text has zeros", () => {
    const rows = [
      [0, 0, 1, 3],
      [2, 2, 2, 2],
      [0, 0, 0, 0],
    ];
    expect(embedded(modelOf(["note"], []), rows)).toEqual([
      [20, 21],
      [20, 21],
      [0, 0],
    ]);
  });

  it("stay in order where a layer reads sequences, with zeros for padding", () => {
    const model = modelOf(["note"], [{ lstm: { units: 2 } }]);
    expect(embedded(model, [[0, 4, 1, 0]])).toEqual([
      [
        [0, 0],
        [40, 41],
        [10, 11],
        [0, 0],
      ],
    ]);
  });

  it("stand beside other inputs, averaged or one after the other", () => {
    expect(embedded(modelOf(["note", "size"], []), [[0, 0, 2, 4, 0.5]])).toEqual([[30, 31, 0.5]]);
    const flat = modelOf(["size", "note"], [], { pooling: "NONE" });
    expect(embedded(flat, [[0.5, 0, 0, 2, 4]])).toEqual([[0.5, 0, 0, 0, 0, 20, 21, 40, 41]]);
  });
});

function batch(model: ModelSpec, step: number): Rows {
  const count = 6;
  const width = model.inputShape[0] as number;
  const x = Float32Array.from(uniform(randomKey(step, "ids"), count * width), (value) => Math.floor(value * 5));
  return { x, y: Float32Array.from({ length: count }, (_, row) => Number((x[row * width] as number) > 2)), count };
}

describe("training with texts compiled", () => {
  test.each<[string, ModelSpec]>([
    ["averaged", modelOf(["note"], [])],
    ["averaged, beside a number", modelOf(["note", "size"], [{ dense: { units: 3, activation: "TANH" } }])],
    ["in order", modelOf(["note"], [{ lstm: { units: 3 } }])],
    [
      "in order, through a convolution",
      modelOf(["note"], [{ conv1d: { filters: 2, kernelSize: [2] } }, { globalMaxPooling1d: {} }]),
    ],
  ])("gives what the eager reference gives: %s", async (_, model) => {
    const ends = [];
    for (const executor of [eager, compiled]) {
      const options = { model, optimizer: optimizerOf(plainAdam), executor, batchSize: 6, seed: 3 };
      const program = await createTrainingProgram({ ...options, semantics: 2 });
      const losses: number[] = [];
      for (let stepIndex = 0; stepIndex < 10; stepIndex++) {
        losses.push((await program.step({ ...batch(model, stepIndex), stepIndex })).loss);
      }
      ends.push({ losses, state: await program.state() });
      program.dispose();
    }
    const [expected, actual] = ends as [(typeof ends)[number], (typeof ends)[number]];
    expectSame("losses", actual.losses, expected.losses, 1e-5);
    for (const [name, values] of Object.entries(expected.state)) expectSame(name, actual.state[name], values, 1e-4);
  });
});
