import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { clip } from "../activations/activations.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import type { UpdateRule } from "./update-rule.js";

/**
 * Follow the regularized leader (McMahan et al. 2013) in Keras 3's form, with its shrinkage and `beta`: L1 makes
 * parameters exactly 0. It divides by the learning rate, which must not be 0.
 */
export function ftrl(algorithm: Algorithm & { type: "ftrl" }): UpdateRule {
  const { learningRatePower, initialAccumulatorValue, beta } = algorithm;
  const { l1RegularizationStrength: l1, l2RegularizationStrength: l2 } = algorithm;
  const shrinkage = 2 * algorithm.l2ShrinkageRegularizationStrength;
  const power = (x: tf.Tensor) => (learningRatePower === -0.5 ? tf.sqrt(x) : tf.pow(x, -learningRatePower));
  return {
    slots: (shape) => [
      { name: "accumulator", shape: [...shape], initial: initialAccumulatorValue },
      { name: "linear", shape: [...shape], initial: 0 },
    ],
    scalars: ["inverse_rate"],
    scalarValues: (learningRate) => ({ inverse_rate: 1 / learningRate }),
    update(parameter, gradient, slots, inputs) {
      const inverse = tensorNamed(inputs, "inverse_rate");
      const before = tensorNamed(slots, "accumulator");
      const accumulator = tf.add(before, tf.square(gradient));
      const root = power(accumulator);
      const grown = tf.mul(tf.mul(tf.sub(root, power(before)), parameter), inverse);
      const shrunk = shrinkage === 0 ? gradient : tf.add(gradient, tf.mul(parameter, shrinkage));
      const linear = tf.add(tensorNamed(slots, "linear"), tf.sub(shrunk, grown));
      const curvature = tf.mul(beta === 0 ? root : tf.add(root, beta), inverse);
      const quadratic = l2 === 0 ? curvature : tf.add(curvature, 2 * l2);
      const excess = l1 === 0 ? tf.neg(linear) : tf.sub(clip(linear, -l1, l1), linear);
      return { parameter: tf.div(excess, quadratic), slots: { accumulator, linear } };
    },
  };
}
