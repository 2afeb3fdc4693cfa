import { describe, expect, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import { trainingGraph } from "../../src/engine/networks/training-graph.js";
import { createTrainingProgram, type Rows } from "../../src/engine/programs/training-program.js";
import { normal, randomKey, uniform } from "../../src/engine/tensors/random.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolved } from "../language/declarations.js";
import { optimizerOf, plainAdam } from "./models.js";

const side = 8;
const dataset = resolved(
  resolveDataset({
    name: "bars",
    features: [
      { name: "photo", type: "IMAGE", shape: [side, side, 1] },
      { name: "bar", type: "CATEGORY", categories: ["across", "down"] },
    ],
  }),
);

function modelOf(...layers: LayerDeclaration[]) {
  return resolved(resolveModel({ name: "m", dataset: "bars", target: "bar", layers }, dataset));
}

/** Images with one bright row or column anywhere, under noise. */
function bars(count: number, seed: number): Rows {
  const places = uniform(randomKey(seed, "places"), count);
  const x = Float32Array.from(normal(randomKey(seed, "noise"), count * side * side), (value) => value * 0.3);
  const y = new Float32Array(count * 2);
  for (let row = 0; row < count; row++) {
    const line = Math.floor((places[row] as number) * side);
    for (let at = 0; at < side; at++) {
      const pixel = row % 2 === 0 ? line * side + at : at * side + line;
      x[row * side * side + pixel] = (x[row * side * side + pixel] as number) + 1.5;
    }
    y[row * 2 + (row % 2)] = 1;
  }
  return { x, y, count };
}

async function train(layers: LayerDeclaration[], steps: number) {
  const program = await createTrainingProgram({
    model: modelOf(...layers),
    optimizer: optimizerOf(plainAdam, 0.02),
    batchSize: 16,
    seed: 4,
    semantics: 2,
    executor: createEagerExecutor(),
  });
  for (let stepIndex = 0; stepIndex < steps; stepIndex++) await program.step({ ...bars(16, stepIndex), stepIndex });
  return program;
}

const convolutional: LayerDeclaration[] = [
  { conv2d: { filters: 4, kernelSize: [3], activation: "RELU" } },
  { maxPooling2d: {} },
  { conv2d: { filters: 4, kernelSize: [3], padding: "SAME", activation: "RELU" } },
  { globalMaxPooling2d: {} },
];

test("a convolutional network learns to tell rows from columns, wherever they are", async () => {
  const program = await train(convolutional, 40);
  const fresh = bars(64, 1000);
  const { loss, predictions } = await program.evaluate(fresh);
  program.dispose();
  const right = Array.from({ length: 64 }, (_, row) => {
    const place = row * 2 + (row % 2);
    return (predictions[place] as number) > 0.5;
  });
  expect(right.filter(Boolean).length).toBeGreaterThanOrEqual(60);
  expect(loss).toBeLessThan(0.3);
});

describe("noise and dropped channels", () => {
  const layers: LayerDeclaration[] = [
    { gaussianNoise: { stddev: 0.5, name: "noisy" } },
    { conv2d: { filters: 2, kernelSize: [3], strides: [2] } },
    { spatialDropout2d: { rate: 0.5, name: "drop" } },
    { flatten: {} },
  ];

  test("come into the training graph as inputs, one number a channel for the latter", () => {
    const { inputs } = trainingGraph(modelOf(...layers), optimizerOf(plainAdam), 3);
    expect(inputs.filter(({ name }) => name.startsWith("random/")).map(({ name, shape }) => [name, shape])).toEqual([
      ["random/noisy/noise", [3, 8, 8, 1]],
      ["random/drop/mask", [3, 1, 1, 2]],
    ]);
  });

  test("are the same in every run of a seed, and absent from evaluation", async () => {
    const [first, second] = [await train(layers, 2), await train(layers, 2)];
    expect(await second.state()).toEqual(await first.state());
    const rows = bars(4, 9);
    expect(await first.evaluate(rows)).toEqual(await first.evaluate(rows));
    first.dispose();
    second.dispose();
  });

  test("are not asked for where they would do nothing", () => {
    const idle = modelOf({ gaussianNoise: { stddev: 0 } }, { spatialDropout2d: { rate: 0 } }, { flatten: {} });
    const { inputs } = trainingGraph(idle, optimizerOf(plainAdam), 3);
    expect(inputs.some(({ name }) => name.startsWith("random/"))).toBe(false);
  });
});
