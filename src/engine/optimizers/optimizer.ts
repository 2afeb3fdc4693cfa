import * as tf from "@tensorflow/tfjs-core";
import type { AlgorithmOf, AlgorithmType } from "../../language/algorithms/algorithms.js";
import type { Algorithm, OptimizerSpec } from "../../language/algorithms/optimizer.js";
import type { RowCounting, UpdateStep } from "../graphs/row-counting.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { adadelta } from "./adadelta.js";
import { adafactor } from "./adafactor.js";
import { adagrad } from "./adagrad.js";
import { adam } from "./adam.js";
import { adamax } from "./adamax.js";
import { clipGradients } from "./clipping.js";
import { ftrl } from "./ftrl.js";
import { lamb } from "./lamb.js";
import { lion } from "./lion.js";
import { muon } from "./muon.js";
import { nadam } from "./nadam.js";
import { rmsprop } from "./rmsprop.js";
import { sgd } from "./sgd.js";
import type { Slot, UpdatedParameter, UpdateRule } from "./update-rule.js";

const rules: { [Type in AlgorithmType]: (algorithm: AlgorithmOf<Type>) => UpdateRule } = {
  sgd,
  adagrad,
  adadelta,
  rmsprop,
  adam,
  adamw: adam,
  adamax,
  nadam,
  ftrl,
  lion,
  lamb,
  adafactor,
  muon,
};

/** The update rule of a resolved algorithm. */
export function updateRule(algorithm: Algorithm): UpdateRule {
  return (rules[algorithm.type] as (algorithm: Algorithm) => UpdateRule)(algorithm);
}

/** One trained tensor with its gradient and what the optimizer keeps for it. */
export interface Update {
  parameter: tf.Tensor;
  gradient: tf.Tensor;
  slots: NamedTensors;
  /** Whether weight decay leaves it out; default false. */
  spared?: boolean;
}

/** Everything between the gradients of a batch and the next parameters. */
export interface Optimizer {
  /** Names of the scalar inputs of the training graph. */
  scalars: readonly string[];
  /** The scalars' values at a step; a step is one batch. */
  scalarValues(learningRate: number, step: UpdateStep): Record<string, number>;
  /** All parameters together, in order. `scalars` holds exactly the names declared above. */
  apply(updates: Update[], scalars: NamedTensors): { parameter: tf.Tensor; slots: NamedTensors }[];
}

/** The slot with a parameter's exponential moving average. */
export const averageSlot = "ema";
const gradientsSlot = "gradient_sum";

/** The tensors that an optimizer keeps for a parameter of that shape. */
export function slotsFor(spec: OptimizerSpec, shape: readonly number[], whose?: UpdatedParameter): Slot[] {
  return [
    ...updateRule(spec.algorithm).slots(shape, whose),
    ...(spec.ema ? [{ name: averageSlot, shape: [...shape], initial: "PARAMETER" as const }] : []),
    ...(spec.gradientAccumulationSteps > 1 ? [{ name: gradientsSlot, shape: [...shape], initial: 0 }] : []),
  ];
}

/**
 * An optimizer as Keras 3 has it: mean over the accumulated gradients, clipping, decoupled weight decay, the algorithm's
 * update, the moving average of the weights, which begins with the first update's.
 *
 * With gradient accumulation every step computes an update, and scalars decide whether it or what was before is kept:
 * the graph stays one for all steps. Bias corrections and the moving average count updates, schedules count steps.
 */
export function createOptimizer(spec: OptimizerSpec, counting: RowCounting): Optimizer {
  const { weightDecay, clipping, ema, gradientAccumulationSteps: batches } = spec;
  const rule = updateRule(spec.algorithm);
  const gathering = batches > 1 ? counting.gradientMean(batches) : undefined;

  function next({ parameter, gradient, slots, spared = false }: Update, scalars: NamedTensors) {
    const decays = weightDecay !== 0 && !spared;
    const decayed = decays ? tf.mul(parameter, tensorNamed(scalars, "decay")) : parameter;
    const updated = rule.update(decayed, gradient, slots, scalars);
    if (!ema) return updated;
    const kept = tf.mul(tensorNamed(slots, averageSlot), tensorNamed(scalars, "ema_old"));
    const average = tf.add(kept, tf.mul(updated.parameter, tensorNamed(scalars, "ema_new")));
    return { parameter: updated.parameter, slots: { ...updated.slots, [averageSlot]: average } };
  }

  return {
    scalars: [
      ...rule.scalars,
      ...(weightDecay === 0 ? [] : ["decay"]),
      ...(ema ? ["ema_old", "ema_new"] : []),
      ...(gathering ? [...gathering.scalars, "update", "wait"] : []),
    ],
    scalarValues(learningRate, step) {
      const { update, completes } = step;
      const values = rule.scalarValues(learningRate, update);
      if (weightDecay !== 0) values.decay = 1 - learningRate * weightDecay;
      if (ema) {
        values.ema_old = update === 0 ? 0 : ema.momentum;
        values.ema_new = 1 - values.ema_old;
      }
      if (!gathering) return values;
      const [made, wait] = completes ? [1, 0] : [0, 1];
      return { ...values, ...gathering.scalarValues(step), update: made, wait };
    },
    apply(updates, scalars) {
      const sums = updates.map(({ gradient, slots }) =>
        gathering ? gathering.add(gradient, tensorNamed(slots, gradientsSlot), scalars) : gradient,
      );
      const means = gathering ? sums.map((sum) => gathering.mean(sum, scalars)) : sums;
      const clipped = clipGradients(clipping, means);
      return updates.map((update, index) => {
        const updated = next({ ...update, gradient: clipped[index] as tf.Tensor }, scalars);
        if (!gathering) return updated;
        const [now, wait] = [tensorNamed(scalars, "update"), tensorNamed(scalars, "wait")];
        /** Exact: one of the two factors is 1 and the other 0. */
        const choose = (value: tf.Tensor, before: tf.Tensor) => tf.add(tf.mul(value, now), tf.mul(before, wait));
        const slots: NamedTensors = { [gradientsSlot]: tf.mul(sums[index] as tf.Tensor, wait) };
        for (const [name, value] of Object.entries(updated.slots))
          slots[name] = choose(value, tensorNamed(update.slots, name));
        return { parameter: choose(updated.parameter, update.parameter), slots };
      });
    },
  };
}
