import * as tf from "@tensorflow/tfjs-core";
import type { Algorithm } from "../../language/algorithms/optimizer.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { slotsLike, type UpdateRule } from "./update-rule.js";

/** Adagrad (Duchi et al. 2011) in Keras 3's form: epsilon stands inside the root. */
export function adagrad({ initialAccumulatorValue, epsilon }: Algorithm & { type: "adagrad" }): UpdateRule {
  return {
    slots: slotsLike(["accumulator"], initialAccumulatorValue),
    scalars: ["learning_rate"],
    scalarValues: (learningRate) => ({ learning_rate: learningRate }),
    update(parameter, gradient, slots, inputs) {
      const accumulator = tf.add(tensorNamed(slots, "accumulator"), tf.square(gradient));
      const descent = tf.mul(gradient, tensorNamed(inputs, "learning_rate"));
      const change = tf.div(descent, tf.sqrt(tf.add(accumulator, epsilon)));
      return { parameter: tf.sub(parameter, change), slots: { accumulator } };
    },
  };
}
