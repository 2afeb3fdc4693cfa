import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, test } from "vitest";
import { registerGradients } from "../../src/engine/gradients/gradients.js";
import { applyLayer } from "../../src/engine/layers/layer.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterShapes } from "../../src/language/layers/parameters.js";
import { useEagerBackend } from "./golden.js";
import { layerOf } from "./layer-function.js";
import { expectAgreement, graphOf, valuesFor } from "./onnx/compare.js";

const { cases } = JSON.parse(readFileSync(new URL("./golden/layers.json", import.meta.url), "utf8")) as {
  cases: { inputShape: number[]; layer: LayerDeclaration }[];
};

beforeAll(async () => {
  await useEagerBackend();
  registerGradients();
});

describe("a compiled layer has the eager one's outputs and gradients:", () => {
  test.each(cases.map((entry) => [`${JSON.stringify(entry.layer)} on ${entry.inputShape}`, entry] as const))(
    "%s",
    async (_name, { inputShape, layer: declaration }) => {
      const layer = layerOf(declaration, inputShape);
      const parameters = parameterShapes(layer);
      const names = parameters.map(({ name }) => name);
      const forward = (x: tf.Tensor, weights: tf.Tensor[]) => {
        const values = Object.fromEntries(names.map((name, index) => [name, weights[index] as tf.Tensor]));
        return applyLayer(layer, x, values, { training: false, random: {}, update: () => undefined });
      };
      const shapes = Object.fromEntries(parameters.map(({ name, shape }) => [name, shape]));
      const graph = graphOf(
        { x: [2, ...inputShape], ...shapes, projection: [2, ...layer.outputShape] },
        ({ x, projection, ...weights }) => {
          const given = [x as tf.Tensor, ...names.map((name) => weights[name] as tf.Tensor)];
          const projected = (first: tf.Tensor, ...rest: tf.Tensor[]) =>
            tf.sum(tf.mul(forward(first, rest), projection as tf.Tensor));
          const [first, ...rest] = given as [tf.Tensor];
          return [forward(first, rest), ...tf.grads(projected as (...values: tf.Tensor[]) => tf.Tensor)(given)];
        },
      );
      await expectAgreement(graph, valuesFor(graph));
    },
  );
});
