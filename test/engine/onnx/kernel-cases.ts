import * as tf from "@tensorflow/tfjs-core";

/** Name, inputs by name (int32 where it starts with "i"), and what is computed of them. */
export type Case = [string, Record<string, number[]>, (inputs: Record<string, tf.Tensor>) => tf.Tensor | tf.Tensor[]];

const two = { a: [3, 4], b: [3, 4] };
const broadcast = { a: [2, 3, 4], b: [3, 1] };
export const one = { x: [3, 4] };

export const binary: Case[] = Object.entries({
  add: tf.add,
  sub: tf.sub,
  mul: tf.mul,
  div: tf.div,
  maximum: tf.maximum,
  minimum: tf.minimum,
  mod: tf.mod,
  squaredDifference: tf.squaredDifference,
  greater: tf.greater,
  greaterEqual: tf.greaterEqual,
  less: tf.less,
  lessEqual: tf.lessEqual,
  equal: tf.equal,
  notEqual: tf.notEqual,
}).flatMap(([name, operation]): Case[] => [
  [name, two, ({ a, b }) => operation(a as tf.Tensor, b as tf.Tensor)],
  [`${name}, broadcast`, broadcast, ({ a, b }) => operation(a as tf.Tensor, b as tf.Tensor)],
]);

/** Functions of one tensor, which are also given special numbers. */
export const unary: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  abs: tf.abs,
  asinh: tf.asinh,
  atan: tf.atan,
  ceil: tf.ceil,
  clip: (x) => tf.clipByValue(x, -0.5, 0.7),
  cos: tf.cos,
  elu: tf.elu,
  erf: tf.erf,
  exp: tf.exp,
  expm1: tf.expm1,
  floor: tf.floor,
  isFinite: tf.isFinite,
  isInf: tf.isInf,
  isNaN: tf.isNaN,
  leakyRelu: (x) => tf.leakyRelu(x, 0.3),
  log: tf.log,
  log1p: tf.log1p,
  neg: tf.neg,
  prelu: (x) => tf.prelu(x, tf.scalar(0.1)),
  reciprocal: tf.reciprocal,
  relu: tf.relu,
  relu6: tf.relu6,
  round: tf.round,
  rsqrt: tf.rsqrt,
  selu: tf.selu,
  sigmoid: tf.sigmoid,
  // tfjs says that the sign of NaN is 0.
  sign: (x) => tf.sign(tf.where(tf.isNaN(x), tf.scalar(1), x)),
  sin: tf.sin,
  softplus: tf.softplus,
  sqrt: tf.sqrt,
  square: tf.square,
  step: (x) => tf.step(x, 0.2),
  tanh: tf.tanh,
  maximum: (x) => tf.maximum(x, 0.3),
  minimum: (x) => tf.minimum(x, 0.3),
  pow: (x) => tf.pow(x, 3),
  where: (x) => tf.where(tf.greater(x, 0), x, tf.mul(x, 2)),
};

export const reductions: Case[] = Object.entries({
  sum: tf.sum,
  mean: tf.mean,
  max: tf.max,
  min: tf.min,
  prod: tf.prod,
}).flatMap(([name, reduce]): Case[] => [
  [`${name} of everything`, { x: [2, 3, 4] }, ({ x }) => reduce(x as tf.Tensor)],
  [`${name} along the middle`, { x: [2, 3, 4] }, ({ x }) => reduce(x as tf.Tensor, 1)],
  [`${name} along two axes, kept`, { x: [2, 3, 4] }, ({ x }) => reduce(x as tf.Tensor, [0, -1], true)],
]);

export const along: Case[] = [
  ["softmax", { x: [3, 4] }, ({ x }) => tf.softmax(x as tf.Tensor)],
  ["logSoftmax", { x: [3, 4] }, ({ x }) => tf.logSoftmax(x as tf.Tensor)],
  ["argMax", { x: [3, 4] }, ({ x }) => tf.argMax(x as tf.Tensor, 1)],
  ["argMin", { x: [3, 4] }, ({ x }) => tf.argMin(x as tf.Tensor, 0)],
  ["all", one, ({ x }) => tf.all(tf.greater(x as tf.Tensor, -0.5), 1)],
  ["any", one, ({ x }) => tf.any(tf.greater(x as tf.Tensor, 1), 0)],
  ["sum of conditions", one, ({ x }) => tf.sum(tf.greater(x as tf.Tensor, 0))],
  ["cumsum", { x: [2, 5] }, ({ x }) => tf.cumsum(x as tf.Tensor, 1)],
  ["cumsum, exclusive and reverse", { x: [2, 5] }, ({ x }) => tf.cumsum(x as tf.Tensor, 1, true, true)],
  ["topk", { x: [3, 6] }, ({ x }) => Object.values(tf.topk(x as tf.Tensor, 2))],
];

export const products: Case[] = [false, true].flatMap((flipA) =>
  [false, true].flatMap((flipB): Case[] => {
    const [a, b] = [flipA ? [4, 3] : [3, 4], flipB ? [5, 4] : [4, 5]];
    const name = `product${flipA ? ", a transposed" : ""}${flipB ? ", b transposed" : ""}`;
    const multiply = (inputs: Record<string, tf.Tensor>) =>
      tf.matMul(inputs.a as tf.Tensor, inputs.b as tf.Tensor, flipA, flipB);
    return [
      [name, { a, b }, multiply],
      [`${name}, in batches`, { a: [2, ...a], b: [2, ...b] }, multiply],
      [`${name}, batch of one`, { a: [1, ...a], b: [1, ...b] }, multiply],
    ];
  }),
);

export const shapes: Case[] = [
  ["reshape", one, ({ x }) => tf.reshape(x as tf.Tensor, [2, -1])],
  ["expandDims", one, ({ x }) => tf.expandDims(x as tf.Tensor, -1)],
  ["transpose", { x: [2, 3, 4] }, ({ x }) => tf.transpose(x as tf.Tensor, [2, 0, 1])],
  ["cast", one, ({ x }) => tf.cast(tf.mul(x as tf.Tensor, 3), "int32")],
  ["reverse", { x: [2, 3, 4] }, ({ x }) => tf.reverse(x as tf.Tensor, [0, 2])],
  ["slice", { x: [4, 5] }, ({ x }) => tf.slice(x as tf.Tensor, [1, 0], [2, -1])],
  ["stridedSlice", { x: [6, 5] }, ({ x }) => tf.stridedSlice(x as tf.Tensor, [5, 0], [1, 5], [-2, 2])],
  ["split", { x: [4, 6] }, ({ x }) => tf.split(x as tf.Tensor, [1, 3, 2], 1)],
  ["unstack", { x: [3, 4] }, ({ x }) => tf.unstack(x as tf.Tensor, 1)],
  ["concat", two, ({ a, b }) => tf.concat([a as tf.Tensor, b as tf.Tensor], 1)],
  ["stack", two, ({ a, b }) => tf.stack([a as tf.Tensor, b as tf.Tensor], -1)],
  ["tile", { x: [2, 1, 3] }, ({ x }) => tf.tile(x as tf.Tensor, [2, 3, 1])],
  ["broadcastTo", { x: [3, 1] }, ({ x }) => tf.broadcastTo(x as tf.Tensor, [2, 3, 4])],
  ["pad", one, ({ x }) => tf.pad(x as tf.Tensor2D, [[1, 0], [2, 1]], 0.5)], // biome-ignore format: one case a line
  ["mirrorPad", one, ({ x }) => tf.mirrorPad(x as tf.Tensor2D, [[1, 0], [2, 1]], "reflect")], // biome-ignore format: one case a line
  ["zerosLike, onesLike", one, ({ x }) => [tf.zerosLike(x as tf.Tensor), tf.onesLike(x as tf.Tensor)]],
  ["addN", two, ({ a, b }) => tf.addN([a as tf.Tensor, b as tf.Tensor, a as tf.Tensor])],
  ["range and linspace", one, () => [tf.range(1, 7, 2), tf.linspace(0, 1, 5)]],
];

export const positions: Case[] = [
  ["gather", { x: [3, 4], i: [5] }, ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor1D)],
  ["gather along an axis", { x: [2, 3, 2], i: [2, 2] }, ({ x, i }) => tf.gather(x as tf.Tensor, i as tf.Tensor2D, 1)],
  ["gatherND", { x: [3, 3, 2], i: [4, 2] }, ({ x, i }) => tf.gatherND(x as tf.Tensor, i as tf.Tensor)],
  ["segment sum", { x: [6, 4], i: [6] }, ({ x, i }) => tf.unsortedSegmentSum(x as tf.Tensor, i as tf.Tensor1D, 3)],
  ["scatterND", { x: [4, 2], i: [4, 1] }, ({ x, i }) => tf.scatterND(i as tf.Tensor, x as tf.Tensor, [3, 2])],
  ["oneHot", { i: [4] }, ({ i }) => tf.oneHot(tf.sub(i as tf.Tensor, tf.scalar(1, "int32")), 2, 0.9, 0.1)],
];
