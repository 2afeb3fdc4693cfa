import * as tf from "@tensorflow/tfjs-core";
import type { AlgorithmOf } from "../../language/algorithms/algorithms.js";
import { tensorNamed } from "../tensors/named-tensors.js";
import { adam } from "./adam.js";
import { slotsLike, type UpdateRule } from "./update-rule.js";

/** Keeps the norm that is divided by above 0. */
const leastNorm = 1e-7;

/**
 * Muon (Jordan et al. 2024) in Keras 3's form: the momentum of a matrix is made nearly orthogonal before it is a step,
 * scaled so that its root mean square is about `rmsRate`, as Adam's (Liu et al. 2025). What is no matrix takes Adam's step,
 * and so do embeddings and excluded layers, which a slot tells: `v` is Adam's.
 */
export function muon(algorithm: AlgorithmOf<"muon">): UpdateRule {
  const { adamBeta1: beta1, adamBeta2: beta2, epsilon, adamLrRatio, momentum, nesterov, rmsRate } = algorithm;
  const others = adam({ type: "adam", beta1, beta2, epsilon, amsgrad: false });
  return {
    slots(shape, whose) {
      const layers = whose?.name.split("/").slice(0, -1) ?? [];
      const excluded =
        (algorithm.excludeEmbeddings && whose?.kind === "EMBEDDING") ||
        layers.some((layer) => algorithm.excludeLayers.includes(layer));
      return shape.length === 2 && !excluded ? slotsLike(["momentum"])(shape) : others.slots(shape);
    },
    scalars: ["learning_rate", ...others.scalars],
    scalarValues: (learningRate, update) => ({
      learning_rate: learningRate,
      ...others.scalarValues(learningRate * adamLrRatio, update),
    }),
    update(parameter, gradient, slots, inputs) {
      if (slots.v !== undefined) return others.update(parameter, gradient, slots, inputs);
      const velocity = tf.add(tf.mul(tensorNamed(slots, "momentum"), momentum), gradient);
      const direction = nesterov ? tf.add(gradient, tf.mul(velocity, momentum)) : velocity;
      const scale = rmsRate === 0 ? 1 : rmsRate * Math.sqrt(Math.max(...parameter.shape));
      const step = tf.mul(orthogonalized(direction as tf.Tensor2D, algorithm), scale);
      const change = tf.mul(step, tensorNamed(inputs, "learning_rate"));
      return { parameter: tf.sub(parameter, change), slots: { momentum: velocity } };
    },
  };
}

/** Brings all singular values of a matrix near 1, by Newton-Schulz steps x <- a x + (b A + c A²) x with A = x xᵀ. */
function orthogonalized(
  matrix: tf.Tensor2D,
  { muonA, muonB, muonC, nsSteps }: Pick<AlgorithmOf<"muon">, "muonA" | "muonB" | "muonC" | "nsSteps">,
): tf.Tensor2D {
  const [rows, columns] = matrix.shape;
  const norm = tf.sqrt(tf.sum(tf.square(matrix)));
  // A has the size of the shorter axis.
  let x = tf.div(rows > columns ? tf.transpose(matrix) : matrix, tf.add(norm, leastNorm)) as tf.Tensor2D;
  for (let step = 0; step < nsSteps; step++) {
    const squares = tf.matMul(x, x, false, true);
    const polynomial = tf.add(tf.mul(squares, muonB), tf.matMul(tf.mul(squares, muonC), squares)) as tf.Tensor2D;
    x = tf.add(tf.mul(x, muonA), tf.matMul(polynomial, x));
  }
  return rows > columns ? tf.transpose(x) : x;
}
