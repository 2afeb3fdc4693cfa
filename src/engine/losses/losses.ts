import * as tf from "@tensorflow/tfjs-core";
import type { Loss, LossType } from "../../language/losses/losses.js";
import { absolute } from "../activations/activations.js";
import {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  divergence,
} from "./crossentropies.js";
import { categoricalHinge, hinge } from "./hinge-losses.js";
import { epsilon, type Output, predictionsOf } from "./output.js";

export { type Output, predictionsOf } from "./output.js";

/** A loss of each example, [batch], of targets [batch, width] and the network's output. */
type LossFunction<Type extends LossType> = (
  targets: tf.Tensor2D,
  output: Output,
  loss: Extract<Loss, { type: Type }>,
) => tf.Tensor1D;

const functions: { [Type in LossType]: LossFunction<Type> } = {
  MEAN_SQUARED_ERROR: (targets, output) => meanOverOutputs(tf.square(difference(targets, output))),
  MEAN_ABSOLUTE_ERROR: (targets, output) => meanOverOutputs(absolute(difference(targets, output))),
  MEAN_ABSOLUTE_PERCENTAGE_ERROR(targets, output) {
    const size = tf.maximum(tf.abs(targets), epsilon);
    return meanOverOutputs(tf.mul(absolute(tf.div(difference(targets, output), size)), 100));
  },
  MEAN_SQUARED_LOGARITHMIC_ERROR(targets, output) {
    const wanted = tf.log(tf.add(tf.maximum(targets, epsilon), 1));
    return meanOverOutputs(tf.square(tf.sub(logarithmAboveOne(output), wanted)));
  },
  HUBER(targets, output, { delta }) {
    // Quadratic up to delta, linear beyond: with c = min(|e|, delta) both parts are c^2 / 2 + delta (|e| - c).
    const error = absolute(difference(targets, output));
    const inner = tf.minimum(error, delta);
    return meanOverOutputs(tf.add(tf.mul(tf.square(inner), 0.5), tf.mul(tf.sub(error, inner), delta)));
  },
  LOG_COSH(targets, output) {
    const error = difference(targets, output);
    return meanOverOutputs(tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2));
  },
  PINBALL(targets, output, { quantiles }) {
    // max(q e, (q - 1) e) = |e| / 2 + (q - 1/2) e, for e = target - prediction.
    const error = tf.sub(targets, predictionsOf(output));
    const slopes = tf.tensor2d([quantiles.map((quantile) => quantile - 0.5)]);
    return meanOverOutputs(tf.add(tf.mul(absolute(error), 0.5), tf.mul(error, slopes)));
  },
  POISSON: (targets, output) => meanOverOutputs(tf.sub(predictionsOf(output), tf.mul(targets, logarithm(output)))),
  BINARY_CROSSENTROPY: (targets, output, loss) => meanOverOutputs(binaryCrossentropy(loss, targets, output)),
  BINARY_FOCAL_CROSSENTROPY: (targets, output, loss) => meanOverOutputs(binaryFocalCrossentropy(loss, targets, output)),
  CATEGORICAL_CROSSENTROPY: (targets, output, loss) => categoricalCrossentropy(loss, targets, output),
  CATEGORICAL_FOCAL_CROSSENTROPY: (targets, output, loss) => categoricalFocalCrossentropy(loss, targets, output),
  HINGE: (targets, output) => meanOverOutputs(hinge(targets, output.logits)),
  SQUARED_HINGE: (targets, output) => meanOverOutputs(tf.square(hinge(targets, output.logits))),
  CATEGORICAL_HINGE: (targets, output) => categoricalHinge(targets, output.logits),
  KL_DIVERGENCE: divergence,
  TVERSKY(targets, output, { alpha, beta }) {
    const predictions = predictionsOf(output);
    const hits = tf.sum(tf.mul(targets, predictions), 1);
    const falsePositives = tf.mul(tf.sub(tf.sum(predictions, 1), hits), alpha);
    const falseNegatives = tf.mul(tf.sub(tf.sum(targets, 1), hits), beta);
    const all = tf.add(tf.add(hits, epsilon), tf.add(falsePositives, falseNegatives));
    return tf.sub(1, tf.div(tf.add(hits, epsilon), all));
  },
};

/**
 * The loss of each example, [batch], by Keras 3's definitions. What is a function of a probability or of a logarithm is
 * computed from the logits whenever the activation is the matching one, which is exact for any logit; the hinge losses
 * take the logits themselves. Nothing here hides a NaN.
 * `targets`: [batch, width], one-hot for the categorical losses, 0 or 1 for the binary ones and the hinge losses.
 */
export function lossPerExample(loss: Loss, targets: tf.Tensor2D, output: Output): tf.Tensor1D {
  return (functions[loss.type] as LossFunction<LossType>)(targets, output, loss);
}

function difference(targets: tf.Tensor2D, output: Output): tf.Tensor2D {
  return tf.sub(predictionsOf(output), targets);
}

function meanOverOutputs(x: tf.Tensor): tf.Tensor1D {
  return tf.mul(tf.sum(x, 1), 1 / (x.shape[1] as number));
}

/** log(prediction): the logit itself where the activation is its exponential. */
function logarithm(output: Output): tf.Tensor {
  return output.activation === "EXPONENTIAL" ? output.logits : tf.log(tf.add(predictionsOf(output), epsilon));
}

/** log(1 + prediction), the prediction being at least epsilon; softplus where it is the exponential of the logit. */
function logarithmAboveOne(output: Output): tf.Tensor {
  if (output.activation === "EXPONENTIAL") return tf.softplus(output.logits);
  return tf.log(tf.add(tf.maximum(predictionsOf(output), epsilon), 1));
}
