import * as tf from "@tensorflow/tfjs-core";
import type { Loss } from "../../language/models/model.js";
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

/**
 * The loss of each example, [batch], by Keras 3's definitions. What is a function of a probability or of a logarithm is
 * computed from the logits whenever the activation is the matching one, which is exact for any logit; the hinge losses
 * are about the logits themselves. Nothing here hides a NaN.
 * `targets`: [batch, width], one-hot for the categorical losses, 0 or 1 for the binary ones and the hinge losses.
 */
export function lossPerExample(loss: Loss, targets: tf.Tensor2D, output: Output): tf.Tensor1D {
  switch (loss.type) {
    case "MEAN_SQUARED_ERROR":
      return meanOverOutputs(tf.square(difference(targets, output)));
    case "MEAN_ABSOLUTE_ERROR":
      return meanOverOutputs(absolute(difference(targets, output)));
    case "MEAN_ABSOLUTE_PERCENTAGE_ERROR": {
      const size = tf.maximum(tf.abs(targets), epsilon);
      return meanOverOutputs(tf.mul(absolute(tf.div(difference(targets, output), size)), 100));
    }
    case "MEAN_SQUARED_LOGARITHMIC_ERROR": {
      const wanted = tf.log(tf.add(tf.maximum(targets, epsilon), 1));
      return meanOverOutputs(tf.square(tf.sub(logarithmAboveOne(output), wanted)));
    }
    case "HUBER": {
      // Quadratic up to delta, linear beyond: with c = min(|e|, delta) both parts are c^2 / 2 + delta (|e| - c).
      const error = absolute(difference(targets, output));
      const inner = tf.minimum(error, loss.delta);
      return meanOverOutputs(tf.add(tf.mul(tf.square(inner), 0.5), tf.mul(tf.sub(error, inner), loss.delta)));
    }
    case "LOG_COSH": {
      const error = difference(targets, output);
      return meanOverOutputs(tf.sub(tf.add(error, tf.softplus(tf.mul(error, -2))), Math.LN2));
    }
    case "POISSON":
      return meanOverOutputs(tf.sub(predictionsOf(output), tf.mul(targets, logarithm(output))));
    case "BINARY_CROSSENTROPY":
      return meanOverOutputs(binaryCrossentropy(loss, targets, output));
    case "BINARY_FOCAL_CROSSENTROPY":
      return meanOverOutputs(binaryFocalCrossentropy(loss, targets, output));
    case "CATEGORICAL_CROSSENTROPY":
      return categoricalCrossentropy(loss, targets, output);
    case "CATEGORICAL_FOCAL_CROSSENTROPY":
      return categoricalFocalCrossentropy(loss, targets, output);
    case "KL_DIVERGENCE":
      return divergence(targets, output);
    case "HINGE":
      return meanOverOutputs(hinge(targets, output.logits));
    case "SQUARED_HINGE":
      return meanOverOutputs(tf.square(hinge(targets, output.logits)));
    case "CATEGORICAL_HINGE":
      return categoricalHinge(targets, output.logits);
  }
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
