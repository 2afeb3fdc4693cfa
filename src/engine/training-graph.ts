import * as tf from "@tensorflow/tfjs-core";
import type { ModelSpec } from "../spec/model.js";
import type { OptimizerSpec } from "../spec/optimizer.js";
import { clipGradients } from "./clipping.js";
import { forward, randomTensors } from "./forward.js";
import { registerGradients } from "./gradients.js";
import type { Graph, TensorSpec } from "./graph.js";
import { lossPerExample, type Output, predictionsOf } from "./losses.js";
import { type NamedTensors, tensorNamed } from "./named-tensors.js";
import { updateRule } from "./optimizers/optimizer.js";
import { modelParameters } from "./parameters.js";
import { penalties } from "./regularizers.js";

/** The name of an optimizer's slot in the state. */
export function slotName(slot: string, parameter: string): string {
  return `optimizer/${slot}/${parameter}`;
}

/** The tensors that training keeps: every parameter, then every slot of the trainable ones. */
export function trainingState(model: ModelSpec, optimizer: OptimizerSpec): TensorSpec[] {
  const parameters = modelParameters(model);
  const slots = updateRule(optimizer.algorithm).slots;
  const tensor = (name: string, shape: number[]): TensorSpec => ({ name, shape, dtype: "float32" });
  return [
    ...parameters.map(({ name, shape }) => tensor(name, shape)),
    ...parameters
      .filter(({ trainable }) => trainable)
      .flatMap(({ name, shape }) => slots.map((slot) => tensor(slotName(slot, name), shape))),
  ];
}

/**
 * One step of training for a batch of a fixed size.
 *
 * Inputs: `x` [batch, ...inputShape]; `y` [batch, width]; `weight` [batch], where 0 marks a padding row, which has no
 * part in the loss or in any batch statistic; `optimizer/<scalar>` []; `random/<layer>/<name>`.
 * Outputs: `loss` [], the mean of the examples' losses weighted by `weight` plus the regularization; `data_loss` [], the
 * same without it; `predictions` [batch, width], made before the update.
 */
export function trainingGraph(model: ModelSpec, optimizer: OptimizerSpec, batchSize: number): Graph {
  registerGradients();
  const parameters = modelParameters(model);
  const trainable = parameters.filter((parameter) => parameter.trainable);
  const rule = updateRule(optimizer.algorithm);
  const width = model.target.width;

  /** Loss and gradients; what else the forward pass found out is put into `found`, kept for the caller. */
  function differentiate(inputs: NamedTensors, state: NamedTensors, found: NamedTensors) {
    const weight = tensorNamed<tf.Tensor1D>(inputs, "weight");
    const present: tf.Tensor1D = tf.step(weight);
    const rowShare = tf.reshape(tf.div(present, tf.sum(present)), [1, batchSize]) as tf.Tensor2D;
    let activation: Output["activation"] = "LINEAR";
    const loss = (...values: tf.Tensor[]): tf.Scalar => {
      const current: NamedTensors = { ...state };
      trainable.forEach(({ name }, index) => {
        current[name] = values[index] as tf.Tensor;
      });
      const output = forward(model, tensorNamed(inputs, "x"), current, {
        training: true,
        rowShare,
        inputs,
        update: (name, value) => {
          found[name] = tf.keep(value);
        },
      });
      activation = output.activation;
      const losses = lossPerExample(model.loss, tensorNamed<tf.Tensor2D>(inputs, "y"), output);
      const dataLoss: tf.Scalar = tf.div(tf.sum(tf.mul(losses, weight)), tf.sum(weight));
      found.logits = tf.keep(output.logits);
      found.data_loss = tf.keep(dataLoss);
      const penalty = penalties(trainable, current);
      return penalty ? tf.add(dataLoss, penalty) : tf.clone(dataLoss);
    };
    const { value, grads } = tf.valueAndGrads(loss)(trainable.map(({ name }) => tensorNamed(state, name)));
    return { value, grads, activation };
  }

  function applyUpdates(inputs: NamedTensors, state: NamedTensors, gradients: tf.Tensor[], next: NamedTensors) {
    const scalars = Object.fromEntries(rule.scalars.map((name) => [name, tensorNamed(inputs, `optimizer/${name}`)]));
    const clipped = clipGradients(optimizer.clipping, gradients);
    trainable.forEach(({ name }, index) => {
      const slots = Object.fromEntries(rule.slots.map((slot) => [slot, tensorNamed(state, slotName(slot, name))]));
      const updated = rule.update(tensorNamed(state, name), clipped[index] as tf.Tensor, slots, scalars);
      next[name] = updated.parameter;
      for (const slot of rule.slots) next[slotName(slot, name)] = tensorNamed(updated.slots, slot);
    });
  }

  return {
    name: `training step, batch ${batchSize}`,
    inputs: [
      { name: "x", shape: [batchSize, ...model.inputShape], dtype: "float32" },
      { name: "y", shape: [batchSize, width], dtype: "float32" },
      { name: "weight", shape: [batchSize], dtype: "float32" },
      ...rule.scalars.map((name): TensorSpec => ({ name: `optimizer/${name}`, shape: [], dtype: "float32" })),
      ...randomTensors(model, batchSize).map(({ name, shape, dtype }) => ({ name, shape, dtype })),
    ],
    state: trainingState(model, optimizer),
    outputs: [
      { name: "loss", shape: [], dtype: "float32" },
      { name: "data_loss", shape: [], dtype: "float32" },
      { name: "predictions", shape: [batchSize, width], dtype: "float32" },
    ],
    run(inputs, state) {
      const found: NamedTensors = {};
      const result = tf.tidy(() => {
        const { value, grads, activation } = differentiate(inputs, state, found);
        const { logits, data_loss, ...statistics } = found as NamedTensors & Record<"logits" | "data_loss", tf.Tensor>;
        const next: NamedTensors = {};
        for (const [name, statistic] of Object.entries(statistics)) next[name] = tf.clone(statistic);
        applyUpdates(inputs, state, grads, next);
        const predictions = tf.clone(predictionsOf({ logits: logits as tf.Tensor2D, activation }));
        return { outputs: { loss: value, data_loss: tf.clone(data_loss), predictions }, state: next };
      });
      for (const tensor of Object.values(found)) tensor.dispose();
      return result;
    },
  };
}
