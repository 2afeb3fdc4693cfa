import * as tf from "@tensorflow/tfjs-core";
import { registerGradients } from "../../src/engine/gradients/gradients.js";
import type { LayerContext } from "../../src/engine/layers/context.js";
import { applyLayer, randomInputs } from "../../src/engine/layers/layer.js";
import { elementCount, initialize } from "../../src/engine/tensors/initializers.js";
import type { NamedTensors } from "../../src/engine/tensors/named-tensors.js";
import { dropoutMask, normal, randomKey } from "../../src/engine/tensors/random.js";
import { Findings } from "../../src/language/fields/findings.js";
import type { Layer, LayerDeclaration } from "../../src/language/layers/layer.js";
import { parameterShapes } from "../../src/language/layers/parameters.js";
import { resolveLayers } from "../../src/language/layers/resolve-layers.js";

export interface Numbers {
  shape: number[];
  values: number[];
}

/** The layer that a right declaration comes to. Its inputs may be ids. */
export function layerOf(declaration: LayerDeclaration, inputShape: number[]): Layer {
  const findings = Findings.start();
  const { layers } = resolveLayers(findings, [declaration], inputShape, 0);
  const [layer] = layers;
  if (!layer || findings.problems().length > 0) throw new Error(JSON.stringify(findings.problems()));
  return layer;
}

export function draw(name: string, shape: number[], scale = 1): Numbers {
  return { shape, values: Array.from(normal(randomKey(3, name), elementCount(shape)), (value) => value * scale) };
}

/** Normal numbers for every parameter of a layer: initial values of 0 would hide mistakes. */
export function drawParameters(layer: Layer): Record<string, Numbers> {
  return Object.fromEntries(parameterShapes(layer).map(({ name, shape }) => [name, draw(name, shape, 0.6)]));
}

/** As a run begins. */
export function initialParameters(layer: Layer): Record<string, Numbers> {
  return Object.fromEntries(
    parameterShapes(layer).map(({ name, shape, initializer }) => [
      name,
      { shape, values: Array.from(initialize(initializer, shape, randomKey(1, name))) },
    ]),
  );
}

const toTensor = ({ shape, values }: Numbers) => tf.tensor(values, shape, "float32");
const toNumbers = (tensor: tf.Tensor): Numbers => ({ shape: tensor.shape, values: Array.from(tensor.dataSync()) });

/** A layer in use: while training, with masks of its own for what it drops. */
export function evaluate(
  layer: Layer,
  x: Numbers,
  parameters: Record<string, Numbers>,
  training = false,
): { y: Numbers; gradients(weights: number[]): { x?: Numbers; parameters: Record<string, Numbers> } } {
  registerGradients();
  const names = Object.keys(parameters);
  const apply = (input: tf.Tensor, values: tf.Tensor[]): tf.Tensor => {
    const named: NamedTensors = Object.fromEntries(names.map((name, index) => [name, values[index] as tf.Tensor]));
    const batch = x.shape[0] as number;
    const masks = randomInputs(layer).map(({ name, shape }) => {
      const size = elementCount([batch, ...shape]);
      return [name, tf.tensor(Array.from(dropoutMask(randomKey(8, name), size, 0.4)), [batch, ...shape])] as const;
    });
    const context: LayerContext = {
      training,
      rowShare: tf.fill([1, batch], 1 / batch),
      random: Object.fromEntries(masks),
      update: () => undefined,
    };
    return applyLayer(layer, input, named, context);
  };
  const inTidy = <T>(compute: () => T): T => {
    let result: T | undefined;
    tf.tidy(() => {
      result = compute();
    });
    return result as T;
  };
  const y = inTidy(() =>
    toNumbers(
      apply(
        toTensor(x),
        names.map((name) => toTensor(parameters[name] as Numbers)),
      ),
    ),
  );
  return {
    y,
    gradients: (weights) =>
      inTidy(() => {
        const isId = layer.type === "embedding" || layer.type === "inputEmbedding";
        const input = toTensor(x);
        const values = names.map((name) => toTensor(parameters[name] as Numbers));
        const total = (...given: tf.Tensor[]) => {
          const [first, rest] = isId ? [input, given] : [given[0] as tf.Tensor, given.slice(1)];
          return tf.sum(tf.mul(apply(first, rest), tf.tensor(weights, y.shape)));
        };
        const found = tf
          .grads(total)(isId ? values : [input, ...values])
          .map(toNumbers);
        const byX = isId ? undefined : found.shift();
        return { x: byX, parameters: Object.fromEntries(names.map((name, i) => [name, found[i] as Numbers])) };
      }),
  };
}
