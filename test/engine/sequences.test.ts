import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { activations } from "../../src/language/layers/activation-function.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { useEagerBackend } from "./golden.js";
import { draw, drawParameters, evaluate, initialParameters, layerOf, type Numbers } from "./layer-function.js";

interface Case {
  x: Numbers;
  parameters: Record<string, Numbers>;
  y: Numbers;
  weights: Numbers;
  gradients: Record<string, Numbers>;
  gradient?: Numbers;
}
const file = new URL("./golden/sequences.json", import.meta.url);
const golden = (JSON.parse(readFileSync(file, "utf8")) as { cases: Record<string, Case> }).cases;

/** tfjs keeps its numbers in whatever `Float32Array` is when a kernel runs: here double precision. */
const single = globalThis.Float32Array;
beforeAll(async () => {
  await useEagerBackend();
  globalThis.Float32Array = Float64Array as unknown as Float32ArrayConstructor;
});
afterAll(() => {
  globalThis.Float32Array = single;
});

function expectNumbers(name: string, actual: Numbers | undefined, expected: Numbers, tolerance: number): void {
  expect(actual?.shape, name).toEqual(expected.shape);
  expected.values.forEach((wanted, index) => {
    const value = actual?.values[index] as number;
    const off = Math.abs(value - wanted) / Math.max(1, Math.abs(wanted));
    expect(off, `${name}[${index}] is ${value}, not ${wanted}`).toBeLessThanOrEqual(tolerance);
  });
}

const units = 2;
const declarations: Record<string, LayerDeclaration> = {
  simpleRnn: { simpleRnn: { units } },
  "simpleRnn with sequences, backwards": {
    simpleRnn: { units, activation: "RELU", returnSequences: true, goBackwards: true, useBias: false },
  },
  lstm: { lstm: { units } },
  "lstm with sequences": { lstm: { units, returnSequences: true } },
  "lstm backwards, other activations": {
    lstm: { units, activation: "SOFTPLUS", recurrentActivation: "HARD_SIGMOID", goBackwards: true },
  },
  gru: { gru: { units } },
  "gru with sequences, backwards": { gru: { units, returnSequences: true, goBackwards: true } },
  "gru without bias": { gru: { units, useBias: false } },
  "bidirectional lstm": { bidirectional: { layer: { lstm: { units, returnSequences: true } } } },
  "bidirectional gru": { bidirectional: { layer: { gru: { units } }, mergeMode: "ADD" } },
  multiHeadAttention: { multiHeadAttention: { numHeads: 2, keyDim: 3 } },
  "multiHeadAttention, causal": { multiHeadAttention: { numHeads: 2, keyDim: 3, valueDim: 2, causal: true } },
  embedding: { embedding: { inputDim: 5, outputDim: 3 } },
};

describe("outputs and gradients are Keras's for", () => {
  test("every golden case", () => expect(Object.keys(declarations)).toEqual(Object.keys(golden)));

  test.each(Object.entries(golden))("%s", (name, { x, parameters, y, weights, gradients, gradient }) => {
    const layer = layerOf(declarations[name] as LayerDeclaration, x.shape.slice(1));
    const found = evaluate(layer, x, parameters);
    // Keras keeps some of its constants in float32.
    expectNumbers("y", found.y, y, 1e-6);
    const actual = found.gradients(weights.values);
    expect(Object.keys(drawParameters(layer))).toEqual(Object.keys(gradients));
    for (const [parameter, expected] of Object.entries(gradients)) {
      expectNumbers(parameter, actual.parameters[parameter], expected, 1e-6);
    }
    if (gradient) expectNumbers("x", actual.x, gradient, 1e-6);
  });
});

const dense = (units: number): LayerDeclaration => ({ dense: { units, activation: "TANH" } });
const others: Record<string, LayerDeclaration> = {
  "an LSTM with dropout": { lstm: { units, dropout: 0.4, returnSequences: true } },
  "an LSTM backwards with sequences": { lstm: { units, goBackwards: true, returnSequences: true } },
  "an LSTM with activations that need their input": {
    lstm: { units, activation: "SILU", recurrentActivation: "SOFTSIGN", returnSequences: true },
  },
  "a GRU with dropout": { gru: { units, dropout: 0.4 } },
  "a GRU with activations that need their input": {
    gru: { units, activation: "MISH", recurrentActivation: "SOFTPLUS", goBackwards: true },
  },
  "a simple RNN with dropout": { simpleRnn: { units, dropout: 0.4 } },
  "attention with dropout": { multiHeadAttention: { numHeads: 2, keyDim: 2, dropout: 0.4, useBias: false } },
  "position embeddings": { positionEmbedding: {} },
  "a residual layer": { residual: { layers: [dense(4), { dropout: { rate: 0.4 } }, dense(3)] } },
  "a residual layer in a residual layer": {
    residual: { layers: [{ layerNormalization: {} }, { residual: { layers: [dense(3)] } }, { gru: gruSequences(3) }] },
  },
  "branches concatenated along time": {
    parallel: { branches: [[dense(3)], [], [dense(2), dense(3)]], axis: 0 },
  },
  "branches averaged": { parallel: { branches: [[dense(2)], [dense(2)], [dense(2)]], merge: "AVERAGE" } },
  "branches of which the larger counts": { parallel: { branches: [[dense(2)], [dense(2)]], merge: "MAXIMUM" } },
  "branches multiplied": {
    parallel: { branches: [[dense(2)], [{ simpleRnn: { units: 2, returnSequences: true } }]], merge: "MULTIPLY" },
  },
  "a bidirectional layer with dropout": {
    bidirectional: { layer: { lstm: { units, dropout: 0.4 } }, mergeMode: "MULTIPLY" },
  },
};
for (const activation of activations) {
  if (activation === "SOFTMAX" || activation === "LOG_SOFTMAX") continue;
  others[`a simple RNN with ${activation}`] = { simpleRnn: { units, activation, returnSequences: true } };
}
function gruSequences(width: number) {
  return { units: width, returnSequences: true };
}

describe("gradients are those of finite differences for", () => {
  test.each(Object.entries(others))("%s", (name, declaration) => {
    // The JavaScript backend's erf is a published approximation, true to 1.5e-7, and so is its slope.
    const tolerance = name.includes("GELU") ? 1e-4 : 1e-7;
    const x = draw("x", [2, 3, 3]);
    const layer = layerOf(declaration, [3, 3]);
    const parameters = drawParameters(layer);
    const { y, gradients } = evaluate(layer, x, parameters, true);
    expect(y.shape).toEqual([2, ...layer.outputShape]);
    const weights = draw("weights", y.shape).values;
    const actual = gradients(weights);
    const step = 1e-5;
    const sum = (input: Numbers, values: Record<string, Numbers>) =>
      evaluate(layer, input, values, true).y.values.reduce((total, value, i) => total + value * (weights[i] ?? 0), 0);
    const differences = (given: Numbers, at: (moved: Numbers) => number): Numbers => ({
      shape: given.shape,
      values: given.values.map((value, index) => {
        const moved = (delta: number) => ({ ...given, values: given.values.with(index, value + delta) });
        return (at(moved(step)) - at(moved(-step))) / (2 * step);
      }),
    });
    expectNumbers(
      "x",
      actual.x,
      differences(x, (moved) => sum(moved, parameters)),
      tolerance,
    );
    for (const [parameter, value] of Object.entries(parameters)) {
      const expected = differences(value, (moved) => sum(x, { ...parameters, [parameter]: moved }));
      expectNumbers(parameter, actual.parameters[parameter], expected, tolerance);
    }
  });
});

test("an LSTM's forget gate begins open, and its other biases at 0", () => {
  const layer = layerOf({ lstm: { units: 3 } }, [4, 2]);
  expect(initialParameters(layer).bias?.values).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  const random = layerOf({ lstm: { units: 3, biasInitializer: "RANDOM_UNIFORM" } }, [4, 2]);
  const bias = initialParameters(random).bias?.values ?? [];
  expect(bias.slice(3, 6)).toEqual([1, 1, 1]);
  expect(new Set(bias).size).toBe(10);
});

test("a causal head does not see what comes later", () => {
  const layer = layerOf({ multiHeadAttention: { numHeads: 1, keyDim: 2, causal: true } }, [3, 2]);
  const parameters = drawParameters(layer);
  const x = draw("x", [1, 3, 2]);
  const changed = { ...x, values: x.values.with(5, 9) };
  const [a, b] = [evaluate(layer, x, parameters).y.values, evaluate(layer, changed, parameters).y.values];
  expect(a.slice(0, 4)).toEqual(b.slice(0, 4));
  expect(a.slice(4)).not.toEqual(b.slice(4));
});
