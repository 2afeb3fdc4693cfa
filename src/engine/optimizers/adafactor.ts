import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import type { UpdateRule } from "./update-rule.js";

/**
 * Adafactor (Shazeer and Stern 2018) in Keras 3's form, without momentum. For a parameter of two or more axes only the
 * means over its last and over its last but one are kept of the squared gradients (`rows`, `columns`, with the reduced
 * axis as 1): memory grows with the sum of those axes, not with their product. The learning rate is an upper bound: the
 * step is `min(rate, 1 / sqrt(t))` times the parameter's own root mean square.
 */
export function adafactor(algorithm: Algorithm & { type: "adafactor" }): UpdateRule {
  const { beta2Decay, epsilon1, epsilon2, clipThreshold } = algorithm;
  return {
    slots(shape) {
      if (shape.length < 2) return [{ name: "v", shape: [...shape], initial: 0 }];
      const [rows, columns] = shape.slice(-2) as [number, number];
      const outer = shape.slice(0, -2);
      return [
        { name: "rows", shape: [...outer, rows, 1], initial: 0 },
        { name: "columns", shape: [...outer, 1, columns], initial: 0 },
      ];
    },
    scalars: ["step_size", "beta2", "fresh"],
    scalarValues(learningRate, update) {
      const t = update + 1;
      const fresh = t ** beta2Decay;
      return { step_size: Math.min(learningRate, 1 / Math.sqrt(t)), beta2: 1 - fresh, fresh };
    },
    update(parameter, gradient, slots, inputs) {
      const average = (slot: string, value: tf.Tensor) =>
        tf.add(
          tf.mul(tensorNamed(slots, slot), tensorNamed(inputs, "beta2")),
          tf.mul(value, tensorNamed(inputs, "fresh")),
        );
      const squares = tf.add(tf.square(gradient), epsilon1);
      const next: Record<string, tf.Tensor> = {};
      let direction: tf.Tensor;
      if (parameter.rank < 2) {
        next.v = average("v", squares);
        direction = tf.div(gradient, tf.sqrt(next.v));
      } else {
        next.rows = average("rows", mean(squares, -1));
        next.columns = average("columns", mean(squares, -2));
        // By one factor at a time: the product of both could be below what 32 bits hold.
        const relative = tf.rsqrt(tf.div(next.rows, mean(next.rows, -2)));
        direction = tf.mul(tf.mul(gradient, relative), tf.rsqrt(next.columns));
      }
      const clipped = tf.maximum(tf.mul(rootMeanSquare(direction), 1 / clipThreshold), 1);
      const scale = tf.mul(tf.maximum(rootMeanSquare(parameter), epsilon2), tensorNamed(inputs, "step_size"));
      return { parameter: tf.sub(parameter, tf.mul(direction, tf.div(scale, clipped))), slots: next };
    },
  };
}

/** The mean along one axis, which stays as 1. */
function mean(x: tf.Tensor, axis: -1 | -2): tf.Tensor {
  return tf.mul(tf.sum(x, axis, true), 1 / (x.shape.at(axis) as number));
}

function rootMeanSquare(x: tf.Tensor): tf.Scalar {
  return tf.sqrt(tf.mul(tf.sum(tf.square(x)), 1 / x.size));
}
