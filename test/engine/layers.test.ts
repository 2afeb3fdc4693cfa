import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { registerGradients } from "../../src/engine/gradients/gradients.js";
import type { LayerContext } from "../../src/engine/layers/context.js";
import { applyLayer } from "../../src/engine/layers/layer.js";
import { elementCount } from "../../src/engine/tensors/initializers.js";
import { Findings } from "../../src/language/fields/findings.js";
import type { Layer, LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterShapes } from "../../src/language/layers/parameters.js";
import { resolveLayers } from "../../src/language/layers/resolve-layers.js";
import { expectClose, useEagerBackend } from "./golden.js";

interface Case {
  inputShape: number[];
  layer: LayerDeclaration;
  outputShape: number[];
  weightShapes: number[][];
  y: number[];
  inputGradient: number[];
  weightGradients: number[][];
}

/** What Keras 3 computes: see `golden/layers_golden.py`. */
const { cases } = JSON.parse(readFileSync(new URL("./golden/layers.json", import.meta.url), "utf8")) as {
  cases: Case[];
};

beforeAll(async () => {
  await useEagerBackend();
  registerGradients();
});

const batch = 2;
const inference: LayerContext = { training: false, random: {}, update: () => undefined };

/** The formula of the generating script: distinct numbers between -1 and 1. */
function numbers(shape: number[], seed: number): tf.Tensor {
  const values = Array.from(
    { length: elementCount(shape) },
    (_, index) => ((index * 7919 + seed * 104729) % 9973) / 4986.5 - 1,
  );
  return tf.tensor(values, shape);
}

function resolve({ layer, inputShape }: Case): Layer {
  const findings = Findings.start();
  const { layers } = resolveLayers(findings, [layer], inputShape);
  expect(findings.problems()).toEqual([]);
  return layers[0] as Layer;
}

const named = cases.map((entry): [string, Case] => [`${JSON.stringify(entry.layer)} on ${entry.inputShape}`, entry]);

describe("as Keras has it:", () => {
  test.each(named)("shapes, outputs and gradients of %s", (_name, expected) => {
    const layer = resolve(expected);
    const parameters = parameterShapes(layer);
    expect(layer.outputShape).toEqual(expected.outputShape);
    expect(parameters.map(({ shape }) => shape)).toEqual(expected.weightShapes);

    const projection = numbers([batch, ...expected.outputShape], 9);
    const inputs = [numbers([batch, ...expected.inputShape], 1)];
    inputs.push(...parameters.map(({ shape }, index) => numbers(shape, 2 + index)));
    const before = tf.memory().numTensors;
    const forward = (x: tf.Tensor, ...weights: tf.Tensor[]) => {
      const values = Object.fromEntries(parameters.map(({ name }, index) => [name, weights[index] as tf.Tensor]));
      return applyLayer(layer, x, values, inference);
    };
    const y = tf.tidy(() => forward(...(inputs as [tf.Tensor])));
    const projected = (...values: tf.Tensor[]) => tf.sum(tf.mul(forward(...(values as [tf.Tensor])), projection));
    const [byInput, ...byWeights] = tf.grads(projected)(inputs);
    expect(y.shape).toEqual([batch, ...expected.outputShape]);
    expectClose(y.dataSync(), expected.y, 5e-6);
    expectClose(byInput?.dataSync() ?? [], expected.inputGradient, 5e-6);
    for (const [index, gradient] of byWeights.entries()) {
      expectClose(gradient.dataSync(), expected.weightGradients[index] as number[], 2e-5);
    }
    tf.dispose([y, byInput as tf.Tensor, byWeights]);
    expect(tf.memory().numTensors).toBe(before);
  });
});
