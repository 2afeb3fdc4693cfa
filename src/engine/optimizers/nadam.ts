import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { movingAverage, slotsLike, type UpdateRule } from "./update-rule.js";

/** How fast the momentum reaches `beta1`. */
const warmth = 0.96;

/**
 * Adam with Nesterov's momentum (Dozat 2016): the step mixes the mean gradient with the present one, by a momentum
 * `beta1 * (1 - 0.96^t / 2)` that grows with the update t, counted from 1. Keras 3's form, with both sides of the
 * quotient multiplied by the correction of the second moment.
 */
export function nadam({ beta1, beta2, epsilon }: Algorithm & { type: "nadam" }): UpdateRule {
  const momentumAt = (t: number) => beta1 * (1 - 0.5 * warmth ** t);
  let known = { t: 0, product: 1 };

  /** The product of all momenta up to t, always multiplied in the same order, so that a resumed run has the same bits. */
  function productUpTo(t: number): number {
    let { t: done, product } = t < known.t ? { t: 0, product: 1 } : known;
    while (done < t && product > 0) product *= momentumAt(++done);
    known = { t, product };
    return product;
  }

  return {
    slots: slotsLike(["m", "v"]),
    scalars: ["mean_size", "gradient_size", "epsilon"],
    scalarValues(learningRate, update) {
      const t = update + 1;
      const product = productUpTo(t);
      const next = momentumAt(t + 1);
      const correction = Math.sqrt(1 - beta2 ** t);
      return {
        mean_size: (learningRate * correction * next) / (1 - product * next),
        gradient_size: (learningRate * correction * (1 - momentumAt(t))) / (1 - product),
        epsilon: epsilon * correction,
      };
    },
    update(parameter, gradient, slots, inputs) {
      const m = movingAverage(tensorNamed(slots, "m"), gradient, beta1);
      const v = movingAverage(tensorNamed(slots, "v"), tf.square(gradient), beta2);
      const ahead = tf.add(
        tf.mul(m, tensorNamed(inputs, "mean_size")),
        tf.mul(gradient, tensorNamed(inputs, "gradient_size")),
      );
      const change = tf.div(ahead, tf.add(tf.sqrt(v), tensorNamed(inputs, "epsilon")));
      return { parameter: tf.sub(parameter, change), slots: { m, v } };
    },
  };
}
