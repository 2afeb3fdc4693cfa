import * as tf from "@tensorflow/tfjs-core";
import { rowSum, toRows } from "../tensors/rows.js";
import { convolutionGradients } from "./convolution-gradients.js";
import { poolingGradients } from "./pooling-gradients.js";
import { rowGradients } from "./row-gradients.js";

/**
 * The derivatives of every tfjs kernel that a training graph differentiates through. tfjs-core does not register any by
 * itself in Node, and several of its own are wrong or give a subgradient of -1 where 0 is meant; so the engine brings
 * its own, each checked against finite differences.
 *
 * A gradient here is a sum over whatever the forward pass broadcast: see `reduceTo`.
 */

/** Sums a gradient over the axes along which an operand of `shape` was broadcast. */
function reduceTo(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (gradient.shape.join() === shape.join()) return gradient;
  if (shape.length === 1 && shape[0] === gradient.shape.at(-1)) return rowSum(toRows(gradient));
  return tf.reshape(tf.sum(gradient, tf.broadcast_util.getReductionAxes(shape, gradient.shape)), shape);
}

/** 1 where the condition holds, otherwise 0. */
function indicator(condition: tf.Tensor): tf.Tensor {
  return tf.cast(condition, "float32");
}

type Derivative = (dy: tf.Tensor, saved: tf.Tensor, attributes: tf.NamedAttrMap) => tf.Tensor;

/** A kernel of one input `x`; the derivative is given what the kernel was given. */
function ofInput(kernelName: string, derivative: Derivative): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["x"],
    gradFunc: (dy, [x], attributes) => ({ x: () => derivative(dy as tf.Tensor, x as tf.Tensor, attributes) }),
  };
}

/** A kernel of one input `x`; the derivative is given what the kernel returned. */
function ofOutput(kernelName: string, derivative: Derivative): tf.GradConfig {
  return {
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, [y], attributes) => ({ x: () => derivative(dy as tf.Tensor, y as tf.Tensor, attributes) }),
  };
}

type PartialDerivative = (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** A kernel of two operands that are broadcast to each other. */
function ofOperands(kernelName: string, byA: PartialDerivative, byB: PartialDerivative): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ["a", "b"],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as [tf.Tensor, tf.Tensor];
      return {
        a: () => reduceTo(byA(dy as tf.Tensor, a, b), a.shape),
        b: () => reduceTo(byB(dy as tf.Tensor, a, b), b.shape),
      };
    },
  };
}

const arithmetic: tf.GradConfig[] = [
  ofOperands(
    tf.Add,
    (dy) => tf.clone(dy),
    (dy) => tf.clone(dy),
  ),
  ofOperands(
    tf.Sub,
    (dy) => tf.clone(dy),
    (dy) => tf.neg(dy),
  ),
  ofOperands(
    tf.Multiply,
    (dy, _a, b) => tf.mul(dy, b),
    (dy, a) => tf.mul(dy, a),
  ),
  ofOperands(
    tf.RealDiv,
    (dy, _a, b) => tf.div(dy, b),
    (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b))),
  ),
  ofOperands(
    tf.Maximum,
    (dy, a, b) => tf.mul(dy, indicator(tf.greaterEqual(a, b))),
    (dy, a, b) => tf.mul(dy, indicator(tf.less(a, b))),
  ),
  ofOperands(
    tf.Minimum,
    (dy, a, b) => tf.mul(dy, indicator(tf.lessEqual(a, b))),
    (dy, a, b) => tf.mul(dy, indicator(tf.greater(a, b))),
  ),
  ofInput(tf.Neg, (dy) => tf.neg(dy)),
  ofInput(tf.Square, (dy, x) => tf.mul(dy, tf.mul(x, 2))),
  ofOutput(tf.Rsqrt, (dy, y) => tf.mul(dy, tf.mul(tf.mul(tf.square(y), y), -0.5))),
  ofOutput(tf.Exp, (dy, y) => tf.mul(dy, y)),
  ofInput(tf.Log, (dy, x) => tf.div(dy, x)),
  ofInput(tf.Sign, (dy) => tf.zerosLike(dy)),
];

/** Keras's constants of SELU: the scale, and the scale times alpha. */
const seluScale = 1.0507009873554805;
const seluScaleAlpha = seluScale * 1.6732632423543772;

const activations: tf.GradConfig[] = [
  ofInput(tf.Relu, (dy, x) => tf.mul(dy, tf.step(x))),
  ofInput(tf.Relu6, (dy, x) => tf.mul(dy, tf.mul(tf.step(x), tf.step(tf.sub(6, x))))),
  ofInput(tf.LeakyRelu, (dy, x, { alpha }) => {
    const slope = alpha as number;
    return tf.mul(dy, tf.add(tf.mul(tf.step(x), 1 - slope), slope));
  }),
  // Below zero y = exp(x) - 1, whose derivative is y + 1.
  ofOutput(tf.Elu, (dy, y) => tf.mul(dy, tf.add(tf.minimum(y, 0), 1))),
  ofOutput(tf.Selu, (dy, y) => {
    return tf.mul(dy, tf.where(tf.greater(y, 0), tf.fill(y.shape, seluScale), tf.add(y, seluScaleAlpha)));
  }),
  ofOutput(tf.Sigmoid, (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
  ofOutput(tf.Tanh, (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
  ofInput(tf.Softplus, (dy, x) => tf.mul(dy, tf.sigmoid(x))),
  ofInput(tf.Erf, (dy, x) => tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)))),
  {
    kernelName: tf.Softmax,
    outputsToSave: [true],
    gradFunc: (dy, saved, { dim }) => ({
      logits: () => {
        const [y] = saved as [tf.Tensor];
        const weighted = tf.mul(dy as tf.Tensor, y);
        return tf.sub(weighted, tf.mul(y, tf.sum(weighted, dim as number, true)));
      },
    }),
  },
];

const shapes: tf.GradConfig[] = [
  ofInput(tf.Reshape, (dy, x) => tf.reshape(dy, x.shape)),
  ofInput(tf.Transpose, (dy, _x, { perm }) =>
    tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm as number[])),
  ),
  ofInput(tf.Reverse, (dy, _x, { dims }) => tf.reverse(dy, dims as number[])),
  ofInput(tf.Slice, (dy, x, { begin, size }) => {
    const [from = [], extents = []] = tf.slice_util.parseSliceParams(x, begin as number[], size as number[]);
    const ends = x.shape.map((extent, axis): [number, number] => {
      const start = from[axis] as number;
      return [start, extent - start - (extents[axis] as number)];
    });
    return tf.pad(dy, ends);
  }),
  ofInput(tf.PadV2, (dy, x, { paddings }) => {
    return tf.slice(
      dy,
      (paddings as [number, number][]).map(([before]) => before),
      x.shape,
    );
  }),
  {
    kernelName: tf.Concat,
    saveAllInputs: true,
    gradFunc: (dy, parts, { axis }) => {
      const [along] = tf.util.parseAxisParam(axis as number, (dy as tf.Tensor).shape) as [number];
      let start = 0;
      const begins = parts.map((part) => {
        const begin = start;
        start += part.shape[along] as number;
        return begin;
      });
      const gradients = parts.map((part, index) => () => {
        const begin = part.shape.map((_, dimension) => (dimension === along ? (begins[index] as number) : 0));
        return tf.slice(dy as tf.Tensor, begin, part.shape);
      });
      return Object.fromEntries(gradients.entries());
    },
  },
  ofInput(tf.Identity, (dy) => tf.clone(dy)),
  ofInput(tf.Sum, (dy, x, { axis }) => {
    const kept = x.shape.slice();
    for (const reduced of tf.util.parseAxisParam(axis as number | number[], x.shape)) kept[reduced] = 1;
    const gradient = tf.reshape(dy, kept);
    // An outer product is far cheaper than broadcasting a column on the JavaScript backend.
    if (x.rank === 2 && kept[0] !== 1 && kept[1] === 1) {
      return tf.matMul(gradient as tf.Tensor2D, tf.ones([1, x.shape[1] as number]));
    }
    // Ones for one axis at a time: those of all of `x` would take as much memory as it does, also while it is only traced.
    return kept.reduce<tf.Tensor>((spread, extent, axis) => {
      const whole = x.shape[axis] as number;
      return extent === whole
        ? spread
        : tf.mul(
            spread,
            tf.fill(
              kept.map((_, other) => (other === axis ? whole : 1)),
              1,
            ),
          );
    }, gradient);
  }),
];

/** The gradient of a product is a product: only which factors are transposed differs. */
const products: tf.GradConfig = {
  kernelName: tf.BatchMatMul,
  inputsToSave: ["a", "b"],
  gradFunc: (dy, saved, { transposeA, transposeB }) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const gradient = dy as tf.Tensor;
    const [flipA, flipB] = [transposeA as boolean, transposeB as boolean];
    return {
      a: () => (flipA ? tf.matMul(b, gradient, flipB, true) : tf.matMul(gradient, b, false, !flipB)),
      b: () => (flipB ? tf.matMul(gradient, a, true, flipA) : tf.matMul(a, gradient, !flipA, false)),
    };
  },
};

/** Puts the engine's derivatives in place, instead of any that another library of this process registered. */
export function registerGradients(): void {
  for (const config of [
    ...arithmetic,
    ...activations,
    ...shapes,
    ...rowGradients,
    ...convolutionGradients,
    ...poolingGradients,
    products,
  ])
    tf.registerGradient(config);
}
