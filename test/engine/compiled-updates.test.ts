import { describe, expect, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import { initialState } from "../../src/engine/networks/state.js";
import { createOnnxExecutor } from "../../src/engine/onnx/run/onnx-executor.js";
import { createTrainingProgram, type Rows } from "../../src/engine/programs/training-program.js";
import { normal, randomKey } from "../../src/engine/tensors/random.js";
import { algorithmTypes } from "../../src/language/algorithms/algorithms.js";
import type { OptimizerDeclaration } from "../../src/language/algorithms/optimizer.js";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import type { Activation } from "../../src/language/layers/activation-function.js";
import { type Loss, losses } from "../../src/language/models/model.js";
import { type TrainingSemantics, trainingSemantics } from "../../src/language/training/training.js";
import { resolved } from "../language/declarations.js";
import { expectClose } from "./golden.js";
import { dense, modelOf } from "./models.js";

const eager = createEagerExecutor();
const compiled = createOnnxExecutor({ provider: "cpu" });
const steps = 6;

/** Losses of some steps and the state after them, computed eagerly and compiled. */
async function trajectories(
  declaration: Omit<OptimizerDeclaration, "name">,
  loss: Loss,
  activation: Activation,
  semantics: TrainingSemantics,
) {
  const optimizer = resolved(resolveOptimizer({ name: "o", ...declaration }));
  const model = modelOf([3], [dense("hidden", 5, "TANH")], { width: 2, activation, loss });
  const state = initialState(model, optimizer, 2);
  return Promise.all(
    [eager, compiled].map(async (executor) => {
      const program = await createTrainingProgram({
        ...{ model, optimizer, batchSize: 4, seed: 2, semantics, executor, state },
      });
      const measured: number[] = [];
      for (let step = 0; step < steps; step++)
        measured.push((await program.step({ ...batch(loss.type, step), stepIndex: step })).loss);
      measured.push((await program.evaluate(batch(loss.type, 99))).loss);
      const last = await program.state();
      program.dispose();
      return { measured, last };
    }),
  );
}

/** The last row is weighted; targets suit every loss: one-hot for the classifiers, positive for the others. */
function batch(type: Loss["type"], step: number): Rows {
  const x = Float32Array.from(normal(randomKey(step, "x"), 12));
  const regression = ["MEAN_", "HUBER", "LOG_COSH", "POISSON"].some((start) => type.startsWith(start));
  const y = Float32Array.from({ length: 8 }, (_, index) => {
    const one = Number((index % 2 === 0) === ((Math.floor(index / 2) + step) % 2 === 0));
    return regression ? 0.5 + one + Math.abs(x[index] as number) : one;
  });
  return { x, y, count: 4, weight: Float32Array.of(1, 1, 1, 2.5) };
}

async function expectAgreement(
  declaration: Omit<OptimizerDeclaration, "name">,
  loss: Loss,
  activation: Activation,
  semantics: TrainingSemantics = 2,
) {
  const [reference, candidate] = await trajectories(declaration, loss, activation, semantics);
  expectClose(candidate?.measured ?? [], reference?.measured ?? [], 1e-4);
  for (const [name, values] of Object.entries(reference?.last ?? {}))
    expectClose(candidate?.last[name] ?? [], values, 2e-4);
  expect(reference?.measured.every(Number.isFinite)).toBe(true);
}

const softmax = { type: "CATEGORICAL_CROSSENTROPY", labelSmoothing: 0 } as const;

describe("compiled as eagerly", () => {
  test.each(algorithmTypes)("%s makes the same steps", async (type) => {
    await expectAgreement({ algorithm: { [type]: {} }, learningRate: { constant: 0.01 } }, softmax, "SOFTMAX");
  });

  test("everything an optimizer may have makes the same steps", async () => {
    const algorithm = { rmsprop: { centered: true, momentum: 0.5 } };
    const rest = { weightDecay: 0.1, globalClipNorm: 0.5, ema: { momentum: 0.5 }, gradientAccumulationSteps: 2 };
    const penalties = {
      l1RegularizationStrength: 0.1,
      l2RegularizationStrength: 0.1,
      beta: 0.1,
      learningRatePower: -0.6,
    };
    for (const semantics of trainingSemantics)
      await expectAgreement({ algorithm, ...rest, learningRate: { constant: 0.01 } }, softmax, "SOFTMAX", semantics);
    const muon = { muon: { excludeLayers: [] } };
    for (const semantics of trainingSemantics)
      await expectAgreement(
        { algorithm: muon, ...rest, learningRate: { constant: 0.02 } },
        softmax,
        "SOFTMAX",
        semantics,
      );
    await expectAgreement({ algorithm: { ftrl: penalties }, learningRate: { constant: 0.1 } }, softmax, "SOFTMAX");
  });

  const options = { delta: 1, labelSmoothing: 0.1, alpha: 0.3, beta: 0.7, gamma: 1.5, quantiles: [0.9] };
  test.each(losses)("%s gives the same losses and gradients", async (type) => {
    const exponential = ["POISSON", "MEAN_SQUARED_LOGARITHMIC_ERROR", "MEAN_ABSOLUTE_PERCENTAGE_ERROR"].includes(type);
    const binary = type.startsWith("BINARY") || ["HINGE", "SQUARED_HINGE", "TVERSKY"].includes(type);
    const categorical = type.startsWith("CATEGORICAL") || type === "KL_DIVERGENCE";
    const activation = exponential ? "EXPONENTIAL" : binary ? "SIGMOID" : categorical ? "SOFTMAX" : "LINEAR";
    const rate = { constant: 0.01 };
    await expectAgreement({ algorithm: { sgd: {} }, learningRate: rate }, { type, ...options } as Loss, activation);
  });
});
