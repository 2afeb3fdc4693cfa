import * as tf from "@tensorflow/tfjs-core";
import type { LayerOf } from "../../language/layers/layer.js";
import { activate } from "../activations/activations.js";
import { slope } from "../activations/slopes.js";

export type Lstm = LayerOf<"lstm">;
type Blocks = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];

/** What a step of an LSTM computes, each [batch, units], and by which numbers its gradient follows. */
export interface LstmStep {
  cell: tf.Tensor2D;
  state: tf.Tensor2D;
  forget: tf.Tensor2D;
  /**
   * [batch, 4 × units]: the derivatives of the cell by the sums of the input gate, the forget gate and the candidate, and
   * of the state by those of the output gate.
   */
  factors: tf.Tensor2D;
  /** The derivative of the state by the cell. */
  toCell: tf.Tensor2D;
}

/** Whether the activations are the usual ones, for which there is a form of fewer operations. */
export function isStandard({ activation, recurrentActivation }: Lstm): boolean {
  return activation === "TANH" && recurrentActivation === "SIGMOID";
}

/**
 * What a kernel [rows, 4 × units] is multiplied with so that `lstmStep` gets the sums that it expects: for the usual
 * activations it takes those of the candidate twice, because tanh(x) = 2 sigmoid(2x) - 1 makes all four blocks one sigmoid.
 */
export function sumScale(layer: Lstm): tf.Tensor1D | undefined {
  if (!isStandard(layer)) return undefined;
  const block = (value: number) => Array<number>(layer.units).fill(value);
  return tf.tensor1d([...block(1), ...block(1), ...block(2), ...block(1)]);
}

/**
 * @param sums [batch, 4 × units] of the input gate, forget gate, candidate and output gate, times `sumScale`.
 * @param before the cell of the step before; none at the first step.
 */
export function lstmStep(layer: Lstm, sums: tf.Tensor2D, before: tf.Tensor2D | undefined): LstmStep {
  return isStandard(layer) ? standardStep(sums, before) : generalStep(layer, sums, before);
}

/** With s(1 - s) for the slope of a sigmoid s, one factor of every product is a number that the step computes anyway. */
function standardStep(sums: tf.Tensor2D, before: tf.Tensor2D | undefined): LstmStep {
  const blocks = tf.sigmoid(sums);
  const [write, forget, half, read] = tf.split(blocks, 4, 1) as Blocks;
  const product = tf.mul(write, half);
  const twice: tf.Tensor2D = tf.add(product, product);
  const written: tf.Tensor2D = tf.sub(twice, write);
  const kept: tf.Tensor2D | undefined = before && tf.mul(forget, before);
  const cell = kept ? tf.add<tf.Tensor2D>(kept, written) : written;
  const squashed = tf.tanh(cell);
  const state: tf.Tensor2D = tf.mul(read, squashed);
  const changing = tf.concat([written, kept ?? tf.zerosLike(written), twice, state], 1);
  return {
    cell,
    state,
    forget,
    factors: tf.mul(changing, tf.sub(1, blocks)),
    toCell: tf.sub(read, tf.mul(state, squashed)),
  };
}

function generalStep(
  { units, activation, recurrentActivation }: Lstm,
  sums: tf.Tensor2D,
  before: tf.Tensor2D | undefined,
): LstmStep {
  // The gates' activation over all four blocks is one operation; the candidate's block of it is not used.
  const gates = activate(recurrentActivation, sums);
  const [write, forget, , read] = tf.split(gates, 4, 1) as Blocks;
  const candidateSums = tf.slice(sums, [0, 2 * units], [sums.shape[0], units]);
  const candidate = activate(activation, candidateSums);
  const written: tf.Tensor2D = tf.mul(write, candidate);
  const cell: tf.Tensor2D = before ? tf.add(tf.mul(forget, before), written) : written;
  const squashed = activate(activation, cell);
  const [byWrite, byForget, , byRead] = tf.split(slope(recurrentActivation, gates, sums), 4, 1) as Blocks;
  const factors = [
    tf.mul(candidate, byWrite),
    tf.mul(before ?? tf.zerosLike(cell), byForget),
    tf.mul(write, slope(activation, candidate, candidateSums)),
    tf.mul(squashed, byRead),
  ];
  return {
    cell,
    state: tf.mul(read, squashed),
    forget,
    factors: tf.concat(factors as tf.Tensor2D[], 1),
    toCell: tf.mul(read, slope(activation, squashed, cell)),
  };
}
