import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { type NamedTensors, tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/**
 * RMSprop (Tieleman and Hinton 2012), with momentum and centered (Graves 2013), in Keras 3's form: epsilon stands inside
 * the root, and the momentum gathers whole steps.
 *
 * Centered, the divisor is the variance of the gradients. As the difference of the mean square and the squared mean it
 * is lost to rounding, even negative, where a gradient hardly changes; so the variance itself is followed, which is the
 * same number and a sum of squares: `rho * (variance + (1 - rho) * (gradient - mean)^2)` (West 1979).
 */
export function rmsprop({ rho, momentum, epsilon, centered }: Algorithm & { type: "rmsprop" }): UpdateRule {
  const names = [
    centered ? "variance" : "squares",
    ...(centered ? ["mean"] : []),
    ...(momentum > 0 ? ["momentum"] : []),
  ];

  function spread(gradient: tf.Tensor, slots: NamedTensors): { divisor: tf.Tensor; next: NamedTensors } {
    if (!centered) {
      const squares = movingAverage(tensorNamed(slots, "squares"), tf.square(gradient), rho);
      return { divisor: squares, next: { squares } };
    }
    const deviation = tf.sub(gradient, tensorNamed(slots, "mean"));
    const mean = tf.add(tensorNamed(slots, "mean"), tf.mul(deviation, 1 - rho));
    const added = tf.mul(tf.square(deviation), rho * (1 - rho));
    const variance = tf.add(tf.mul(tensorNamed(slots, "variance"), rho), added);
    return { divisor: variance, next: { variance, mean } };
  }

  return {
    slots: slotsLike(names),
    scalars: ["learning_rate"],
    scalarValues: (learningRate) => ({ learning_rate: learningRate }),
    update(parameter, gradient, slots, inputs) {
      const { divisor, next } = spread(gradient, slots);
      const descent = tf.mul(gradient, tensorNamed(inputs, "learning_rate"));
      const change = tf.div(descent, tf.sqrt(tf.add(divisor, epsilon)));
      if (momentum === 0) return { parameter: tf.sub(parameter, change), slots: next };
      const gathered = tf.add(tf.mul(tensorNamed(slots, "momentum"), momentum), change);
      return { parameter: tf.sub(parameter, gathered), slots: { ...next, momentum: gathered } };
    },
  };
}
