import * as tf from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../../language/models/model.js";
import type { Graph, TensorSpec } from "../graphs/graph.js";
import { modelParameters } from "../layers/parameters.js";
import { lossPerExample, type Output, predictionsOf } from "../losses/losses.js";
import { penalties } from "../losses/regularizers.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { forward } from "./forward.js";

function parameterTensors(model: ModelSpec): TensorSpec[] {
  return modelParameters(model).map(({ name, shape }) => ({ name, shape, dtype: "float32" }));
}

function infer(model: ModelSpec, inputs: NamedTensors, state: NamedTensors): Output {
  return forward(model, tensorNamed(inputs, "x"), state, {
    training: false,
    inputs,
    update: (name) => {
      throw new Error(`Inference must not change "${name}".`);
    },
  });
}

/**
 * The loss of given examples under given parameters, which it only reads.
 * Inputs: `x` [batch, ...inputShape], `y` [batch, width], `weight` [batch].
 * Outputs: `losses` [batch], each example's loss times its weight; `regularization` []; `predictions` [batch, width].
 */
export function evaluationGraph(model: ModelSpec, batchSize: number): Graph {
  const width = model.target.width;
  return {
    name: `evaluation, batch ${batchSize}`,
    identity: { graph: "evaluation", model, batchSize },
    inputs: [
      { name: "x", shape: [batchSize, ...model.inputShape], dtype: "float32" },
      { name: "y", shape: [batchSize, width], dtype: "float32" },
      { name: "weight", shape: [batchSize], dtype: "float32" },
    ],
    state: parameterTensors(model),
    outputs: [
      { name: "losses", shape: [batchSize], dtype: "float32" },
      { name: "regularization", shape: [], dtype: "float32" },
      { name: "predictions", shape: [batchSize, width], dtype: "float32" },
    ],
    run: (inputs, state) =>
      tf.tidy(() => {
        const output = infer(model, inputs, state);
        const losses = lossPerExample(model.loss, tensorNamed<tf.Tensor2D>(inputs, "y"), output);
        const trainable = modelParameters(model).filter((parameter) => parameter.trainable);
        return {
          outputs: {
            losses: tf.mul(losses, tensorNamed(inputs, "weight")),
            regularization: penalties(trainable, state) ?? tf.scalar(0),
            predictions: predictionsOf(output),
          },
          state: {},
        };
      }),
  };
}

/** What the network predicts. Inputs: `x` [batch, ...inputShape]. Outputs: `predictions` [batch, width]. */
export function predictionGraph(model: ModelSpec, batchSize: number): Graph {
  return {
    name: `prediction, batch ${batchSize}`,
    identity: { graph: "prediction", model, batchSize },
    inputs: [{ name: "x", shape: [batchSize, ...model.inputShape], dtype: "float32" }],
    state: parameterTensors(model),
    outputs: [{ name: "predictions", shape: [batchSize, model.target.width], dtype: "float32" }],
    run: (inputs, state) =>
      tf.tidy(() => ({ outputs: { predictions: predictionsOf(infer(model, inputs, state)) }, state: {} })),
  };
}
