import * as tf from "@tensorflow/tfjs-core";
import { PlatformError } from "../../errors.js";
import type { TrainingSemantics } from "../../language/training/training.js";
import type { Batch } from "../tensors/batches.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import type { TensorValues } from "./executor.js";
import type { TensorSpec } from "./graph.js";

/** The rows of one batch, as tensors of the training graph. */
export interface CountedRows {
  /** [1, batch]: each row's share in batch statistics, 0 for padding. Sums to 1. */
  rowShare: tf.Tensor2D;
  /** The loss of the batch, [], from the unweighted losses of its rows, [batch]. */
  mean(losses: tf.Tensor1D): tf.Scalar;
}

/** Where a step stands among the steps whose gradients make one update. */
export interface UpdateStep {
  /** The update it contributes to, counted from 0 over the whole run. */
  update: number;
  /** Whether it is the last of them: the update is then made. */
  completes: boolean;
  /** Rows of its batch, and of all batches of the update up to and including it. */
  rows: number;
  rowsSoFar: number;
}

/** How batches follow each other in a run. */
export interface BatchSequence {
  /** Rows of each batch, except that the last one of an epoch may have fewer. */
  batchSize: number;
  stepsPerEpoch: number;
  /** Batches whose gradients make one update: `gradientAccumulationSteps`. */
  accumulated: number;
}

/** The mean of accumulated gradients, in the training graph. */
export interface GradientMean {
  /** Names of its scalar inputs. */
  scalars: readonly string[];
  scalarValues(step: UpdateStep): Record<string, number>;
  /** Adds the gradient of a batch to what was accumulated before. */
  add(gradient: tf.Tensor, sum: tf.Tensor, scalars: NamedTensors): tf.Tensor;
  mean(sum: tf.Tensor, scalars: NamedTensors): tf.Tensor;
}

/**
 * How a training counts rows: everything in which one semantics differs from another. The rest of the engine asks this
 * object and knows no semantics.
 */
export interface RowCounting {
  /** What the identity of the training graph says about it. */
  identity: Readonly<{ semantics?: TrainingSemantics }>;
  /** Inputs of the training graph beside `x`, `y` and `weight`, and their values for a batch. */
  inputs(batchSize: number): TensorSpec[];
  inputValues(batch: Pick<Batch, "count" | "size">): TensorValues;
  countRows(inputs: NamedTensors, batchSize: number): CountedRows;
  /** Whether rows of these weights (default: all 1) have a mean loss when they are evaluated. */
  definesLoss(weight: Float32Array | undefined): boolean;
  /** By what the sum of the weighted losses of evaluated rows is divided. */
  divisor(rows: { count: number; weight?: Float32Array }): number;
  /** @throws PlatformError BAD_INPUT when `count` rows cannot be the batch of that step. */
  updateStep(stepIndex: number, count: number, batches: BatchSequence): UpdateStep;
  /** Updates that a training makes in that many epochs. */
  updates(epochs: number, batches: BatchSequence): number;
  gradientMean(accumulated: number): GradientMean;
}

/** The rules of a training by its recorded semantics. */
export function rowCounting(semantics: TrainingSemantics): RowCounting {
  return semantics === 1 ? byWeightedRows : byRows;
}

/**
 * Semantics 1. A row of weight 0 is not counted in its batch's loss and statistics. An update is the mean of the gradients
 * of so many batches, whatever their sizes and across the ends of epochs; batches left over at the end of the run make none.
 */
const byWeightedRows: RowCounting = {
  identity: {},
  inputs: () => [],
  inputValues: () => ({}),
  countRows(inputs, batchSize) {
    const weight = tensorNamed<tf.Tensor1D>(inputs, "weight");
    const present: tf.Tensor1D = tf.step(weight);
    // At least 1, so that a batch whose rows all weigh 0 changes nothing, instead of making everything NaN.
    const count: tf.Scalar = tf.maximum(tf.sum(present), 1);
    const rowShare = tf.reshape(tf.div(present, count), [1, batchSize]) as tf.Tensor2D;
    return { rowShare, mean: (losses) => tf.div(tf.sum(tf.mul(losses, weight)), count) };
  },
  definesLoss: () => true,
  divisor: ({ count, weight }) => Math.max(1, weight ? weight.filter((value) => value > 0).length : count),
  updateStep: (stepIndex, count, { accumulated }) => ({
    update: Math.floor(stepIndex / accumulated),
    completes: (stepIndex + 1) % accumulated === 0,
    rows: count,
    rowsSoFar: count,
  }),
  updates: (epochs, { stepsPerEpoch, accumulated }) => Math.floor((epochs * stepsPerEpoch) / accumulated),
  gradientMean: (accumulated) => ({
    scalars: [],
    scalarValues: () => ({}),
    add: (gradient, sum) => tf.add(gradient, sum),
    mean: (sum) => tf.mul(sum, 1 / accumulated),
  }),
};

/**
 * Semantics 2, Keras's `sum_over_batch_size`. Every row of a batch is counted, whatever it weighs; padding is not. An update
 * is the mean over all rows accumulated, as if they had been one batch, and each epoch ends with one.
 */
const byRows: RowCounting = {
  identity: { semantics: 2 },
  inputs: (batchSize) => [{ name: "row_share", shape: [1, batchSize], dtype: "float32" }],
  inputValues: ({ count, size }) => ({ row_share: new Float32Array(size).fill(1 / count, 0, count) }),
  countRows(inputs, batchSize) {
    const rowShare = tensorNamed<tf.Tensor2D>(inputs, "row_share");
    const lossShare = tf.mul(tensorNamed(inputs, "weight"), tf.reshape(rowShare, [batchSize]));
    return { rowShare, mean: (losses) => tf.sum(tf.mul(losses, lossShare)) };
  },
  definesLoss: (weight) => weight === undefined || weight.some((value) => value > 0),
  divisor: ({ count }) => count,
  updateStep(stepIndex, count, { batchSize, stepsPerEpoch, accumulated }) {
    const stepInEpoch = stepIndex % stepsPerEpoch;
    const batchesBefore = stepInEpoch % accumulated;
    const endsEpoch = stepInEpoch === stepsPerEpoch - 1;
    if (accumulated > 1 && count < batchSize && !endsEpoch)
      throw new PlatformError(
        "BAD_INPUT",
        `"count" is ${count}: where gradients are accumulated, only the last batch of an epoch may have fewer than ${batchSize} rows.`,
      );
    return {
      update:
        Math.floor(stepIndex / stepsPerEpoch) * Math.ceil(stepsPerEpoch / accumulated) +
        Math.floor(stepInEpoch / accumulated),
      completes: endsEpoch || batchesBefore === accumulated - 1,
      rows: count,
      rowsSoFar: batchesBefore * batchSize + count,
    };
  },
  updates: (epochs, { stepsPerEpoch, accumulated }) => epochs * Math.ceil(stepsPerEpoch / accumulated),
  gradientMean: () => ({
    scalars: ["rows", "inverse_rows"],
    scalarValues: ({ rows, rowsSoFar }) => ({ rows, inverse_rows: 1 / rowsSoFar }),
    // A batch's gradient is a mean over its rows, plus the regularization's, which so counts once in the mean over all.
    add: (gradient, sum, scalars) => tf.add(tf.mul(gradient, tensorNamed(scalars, "rows")), sum),
    mean: (sum, scalars) => tf.mul(sum, tensorNamed(scalars, "inverse_rows")),
  }),
};
