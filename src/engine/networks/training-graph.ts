import * as tf from "@tensorflow/tfjs-core";
import type { OptimizerSpec } from "../../language/algorithms/optimizer.js";
import type { ModelSpec } from "../../language/models/model.js";
import { currentSemantics } from "../../language/training/training.js";
import { registerGradients } from "../gradients/gradients.js";
import type { Graph, TensorSpec } from "../graphs/graph.js";
import { rowCounting } from "../graphs/row-counting.js";
import { modelParameters } from "../layers/parameters.js";
import { lossPerExample, type Output, predictionsOf } from "../losses/losses.js";
import { penalties } from "../losses/regularizers.js";
import { createOptimizer, slotsFor } from "../optimizers/optimizer.js";
import type { Slot } from "../optimizers/update-rule.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { forward, randomTensors } from "./forward.js";

/** The name of an optimizer's slot in the state. */
export function slotName(slot: string, parameter: string): string {
  return `optimizer/${slot}/${parameter}`;
}

/** What an optimizer keeps for the trainable parameters of a model: the slot, its name in the state, and whose it is. */
export function optimizerSlots(
  model: ModelSpec,
  optimizer: OptimizerSpec,
): (Omit<Slot, "name"> & { name: string; parameter: string })[] {
  return modelParameters(model)
    .filter(({ trainable }) => trainable)
    .flatMap(({ name, shape, kind }) =>
      slotsFor(optimizer, shape, { name, kind }).map((slot) => ({
        ...slot,
        name: slotName(slot.name, name),
        parameter: name,
      })),
    );
}

/** The tensors that training keeps: every parameter, then every slot of the trainable ones. */
export function trainingState(model: ModelSpec, optimizer: OptimizerSpec): TensorSpec[] {
  return [...modelParameters(model), ...optimizerSlots(model, optimizer)].map(({ name, shape }) => ({
    name,
    shape,
    dtype: "float32",
  }));
}

/**
 * One step of training for a batch of a fixed size.
 *
 * Inputs: `x` [batch, ...inputShape]; `y` [batch, width]; `weight` [batch], 0 for a padding row; from semantics 2 on
 * `row_share` [1, batch], 1 / (count of rows) for a row and 0 for padding; `optimizer/<scalar>` []; `random/<layer>/<name>`.
 * Outputs: `loss` [], the sum of the examples' losses times `weight` over the count of rows (see `RowCounting`), as in
 * Keras (not over the sum of the weights), plus the regularization; `data_loss` [], the same without it; `predictions`
 * [batch, width], made before the update. Padding has no part in the loss or in any batch statistic.
 */
export function trainingGraph(
  model: ModelSpec,
  optimizer: OptimizerSpec,
  batchSize: number,
  semantics = currentSemantics,
): Graph {
  registerGradients();
  const parameters = modelParameters(model);
  const trainable = parameters.filter((parameter) => parameter.trainable);
  const counting = rowCounting(semantics);
  const rule = createOptimizer(optimizer, counting);
  const spared = new Set(optimizer.weightDecayExclude);
  const width = model.target.width;

  /** Loss and gradients; what else the forward pass found out is put into `found`, kept for the caller. */
  function differentiate(inputs: NamedTensors, state: NamedTensors, found: NamedTensors) {
    const { rowShare, mean } = counting.countRows(inputs, batchSize);
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
      const dataLoss = mean(losses);
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
    const updates = trainable.map(({ name, shape, kind }, index) => ({
      parameter: tensorNamed(state, name),
      gradient: gradients[index] as tf.Tensor,
      slots: Object.fromEntries(
        slotsFor(optimizer, shape, { name, kind }).map((slot) => [
          slot.name,
          tensorNamed(state, slotName(slot.name, name)),
        ]),
      ),
      spared: kind !== undefined && spared.has(kind),
    }));
    for (const [index, updated] of rule.apply(updates, scalars).entries()) {
      const { name } = trainable[index] as (typeof trainable)[number];
      next[name] = updated.parameter;
      for (const [slot, value] of Object.entries(updated.slots)) next[slotName(slot, name)] = value;
    }
  }

  return {
    name: `training step, batch ${batchSize}`,
    // The learning rate is an input.
    identity: {
      graph: "training",
      model,
      optimizer: { ...optimizer, learningRate: null },
      batchSize,
      ...counting.identity,
    },
    inputs: [
      { name: "x", shape: [batchSize, ...model.inputShape], dtype: "float32" },
      { name: "y", shape: [batchSize, width], dtype: "float32" },
      { name: "weight", shape: [batchSize], dtype: "float32" },
      ...counting.inputs(batchSize),
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
      try {
        return tf.tidy(() => {
          const { value, grads, activation } = differentiate(inputs, state, found);
          const { logits, data_loss, ...statistics } = found as NamedTensors &
            Record<"logits" | "data_loss", tf.Tensor>;
          const next: NamedTensors = {};
          for (const [name, statistic] of Object.entries(statistics)) next[name] = tf.clone(statistic);
          applyUpdates(inputs, state, grads, next);
          const predictions = tf.clone(predictionsOf({ logits: logits as tf.Tensor2D, activation }));
          return { outputs: { loss: value, data_loss: tf.clone(data_loss), predictions }, state: next };
        });
      } finally {
        for (const tensor of Object.values(found)) tensor.dispose();
      }
    },
  };
}
