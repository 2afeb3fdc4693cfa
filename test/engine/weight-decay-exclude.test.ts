import { describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import type { Executor, State } from "../../src/engine/graphs/executor.js";
import { modelParameters } from "../../src/engine/layers/parameters.js";
import { initialState } from "../../src/engine/networks/state.js";
import { createOnnxExecutor } from "../../src/engine/onnx/run/onnx-executor.js";
import { createTrainingProgram } from "../../src/engine/programs/training-program.js";
import { normal, randomKey, uniform } from "../../src/engine/tensors/random.js";
import { algorithmTypes } from "../../src/language/algorithms/algorithms.js";
import type { OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterKinds } from "../../src/language/layers/parameter.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolved } from "../language/declarations.js";
import { expectClose } from "./golden.js";

const dataset = resolved(
  resolveDataset({
    name: "d",
    features: [
      { name: "tokens", type: "SEQUENCE", shape: [1] },
      { name: "kind", type: "CATEGORY", categories: ["a", "b"] },
    ],
  }),
);
const modelOf = (layers: LayerDeclaration[]) =>
  resolved(
    resolveModel(
      {
        name: "m",
        dataset: "d",
        target: "kind",
        layers,
        preprocessing: [{ feature: "tokens", method: "NONE", maxLength: 4 }],
      } as never,
      dataset,
    ),
  );
/** Every layer that has something to spare, some of them within others. */
const model = modelOf([
  { dense: { units: 6 } },
  { positionEmbedding: {} },
  { residual: { layers: [{ layerNormalization: {} }, { multiHeadAttention: { numHeads: 2, keyDim: 3 } }] } },
  { conv1d: { filters: 4, kernelSize: [2], padding: "SAME" } },
  { batchNormalization: {} },
  { prelu: {} },
  { bidirectional: { layer: { lstm: { units: 3 } } } },
] as never);

const count = 4;
const batch = {
  x: Float32Array.from(normal(randomKey(1, "x"), count * 4)),
  y: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 1),
  count,
};
const eager = createEagerExecutor();

/** The parameters after a step from a state in which no parameter is 0. */
async function stepped(changes: Partial<OptimizerDeclaration>, executor: Executor = eager): Promise<State> {
  const optimizer = resolved(
    resolveOptimizer({ name: "o", algorithm: { sgd: {} }, learningRate: { constant: 0.1 }, ...changes }),
  );
  const parameters = Object.fromEntries(
    modelParameters(model).map(({ name, shape }) => [
      name,
      Float32Array.from(
        uniform(
          randomKey(2, name),
          shape.reduce((a, b) => a * b, 1),
        ),
        (value) => 0.5 + value,
      ),
    ]),
  );
  const state = initialState(model, optimizer, 1, parameters);
  const program = await createTrainingProgram({
    model,
    optimizer,
    batchSize: count,
    seed: 1,
    executor,
    semantics: 2,
    state,
  });
  await program.step({ ...batch, stepIndex: 0 });
  const after = await program.state();
  program.dispose();
  return after;
}

const trainable = modelParameters(model).filter((parameter) => parameter.trainable);
const namesOf = (...kinds: string[]) =>
  trainable.filter(({ kind }) => kinds.includes(String(kind))).map(({ name }) => name);

describe("weight decay", () => {
  it("knows what is a bias, a normalization, an embedding, and the slope of an activation", () => {
    const ends = (names: string[]) => [...new Set(names.map((name) => name.split("/").at(-1)))].sort();
    expect(ends(namesOf("BIAS"))).toEqual(["bias"]);
    expect(ends(namesOf("NORMALIZATION"))).toEqual(["beta", "gamma"]);
    expect(ends(namesOf("EMBEDDING"))).toEqual(["embeddings"]);
    expect(ends(namesOf("ACTIVATION"))).toEqual(["alpha"]);
    expect(ends(namesOf("undefined"))).toEqual(["kernel", "recurrent_kernel"]);
    // Dense, four of attention, a convolution, two of LSTM, and the output's.
    expect(namesOf("BIAS")).toHaveLength(9);
    expect(namesOf("NORMALIZATION")).toHaveLength(4);
  });

  test.each(algorithmTypes)("spares what is excluded, with %s", async (type) => {
    const declared = { algorithm: { [type]: {} }, weightDecay: 0.3 };
    const [all, none] = [await stepped(declared), await stepped({ ...declared, weightDecay: 0 })];
    const some = await stepped({ ...declared, weightDecayExclude: ["NORMALIZATION", "BIAS"] });
    const spared = new Set(namesOf("BIAS", "NORMALIZATION"));
    for (const { name } of trainable) {
      // Ftrl's new parameter follows from gradients, and from the old one only as far as they are not tiny.
      if (type !== "ftrl" || name === "output/kernel") expect(all[name], name).not.toEqual(none[name]);
      expect(some[name], name).toEqual((spared.has(name) ? none : all)[name]);
    }
  });

  test.each(parameterKinds)("spares %s alone", async (kind) => {
    const [all, none] = [await stepped({ weightDecay: 0.3 }), await stepped({ weightDecay: 0 })];
    const some = await stepped({ weightDecay: 0.3, weightDecayExclude: [kind] });
    for (const { name } of trainable)
      expect(some[name], name).toEqual((namesOf(kind).includes(name) ? none : all)[name]);
  });

  it("multiplies by 1 - rate * decay what it does not spare, and is the same compiled", async () => {
    const exclude = [...parameterKinds];
    const [some, none] = [await stepped({ weightDecay: 0.3, weightDecayExclude: exclude }), await stepped({})];
    const [name] = namesOf("undefined") as [string];
    const start = uniform(randomKey(2, name), (some[name] as Float32Array).length);
    const expected = Array.from(
      none[name] as Float32Array,
      (value, index) => value - 0.03 * (0.5 + (start[index] as number)),
    );
    expectClose(some[name] as Float32Array, expected, 1e-6);
    const optimizer = { algorithm: { sgd: { momentum: 0.9 } }, weightDecay: 0.3, weightDecayExclude: exclude, ema: {} };
    const compiled = await stepped(
      { ...optimizer, gradientAccumulationSteps: 2 },
      createOnnxExecutor({ provider: "cpu" }),
    );
    const reference = await stepped({ ...optimizer, gradientAccumulationSteps: 2 });
    for (const [at, values] of Object.entries(reference)) expectClose(compiled[at] as Float32Array, values, 1e-4);
    const once = { algorithm: { sgd: { momentum: 0.9 } }, weightDecay: 0.3, weightDecayExclude: exclude };
    const ran = await stepped(once, createOnnxExecutor({ provider: "cpu" }));
    for (const [at, values] of Object.entries(await stepped(once))) expectClose(ran[at] as Float32Array, values, 1e-4);
  });
});
