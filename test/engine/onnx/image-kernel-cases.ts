import * as tf from "@tensorflow/tfjs-core";
import type { Case } from "./kernel-cases.js";

const image = { x: [2, 6, 5, 3] };

/** Kernels that tfjs calls only in gradients, called by their names. */
const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: object) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;

export const convolutions: Case[] = [
  { strides: 1, pad: "valid" },
  { strides: 1, pad: "same" },
  { strides: 2, pad: "same" },
  { strides: [2, 1], pad: "valid" },
].flatMap(({ strides, pad }): Case[] => {
  const attributes = { strides, pad, dataFormat: "NHWC", dilations: 1 };
  const name = `strides ${strides}, ${pad}`;
  const outShape = tf.backend_util.computeConv2DInfo(
    [2, 6, 5, 3],
    [3, 2, 3, 4],
    strides as number,
    1,
    pad as "valid",
  ).outShape;
  const depthwise = [...outShape.slice(0, 3), 6];
  return [
    [
      `convolution, ${name}`,
      { ...image, f: [3, 2, 3, 4] },
      ({ x, f }) => kernel(tf.Conv2D, { x: x as tf.Tensor, filter: f as tf.Tensor }, attributes),
    ],
    [
      `convolution by its image, ${name}`,
      { dy: outShape, f: [3, 2, 3, 4] },
      ({ dy, f }) =>
        kernel(
          tf.Conv2DBackpropInput,
          { dy: dy as tf.Tensor, filter: f as tf.Tensor },
          { ...attributes, inputShape: image.x },
        ),
    ],
    [
      `convolution by its filter, ${name}`,
      { ...image, dy: outShape },
      ({ x, dy }) =>
        kernel(
          tf.Conv2DBackpropFilter,
          { x: x as tf.Tensor, dy: dy as tf.Tensor },
          { ...attributes, filterShape: [3, 2, 3, 4] },
        ),
    ],
    [
      `depthwise convolution, ${name}`,
      { ...image, f: [3, 2, 3, 2] },
      ({ x, f }) => kernel(tf.DepthwiseConv2dNative, { x: x as tf.Tensor, filter: f as tf.Tensor }, attributes),
    ],
    [
      `depthwise convolution by its image, ${name}`,
      { dy: depthwise, f: [3, 2, 3, 2] },
      ({ dy, f }) =>
        kernel(
          tf.DepthwiseConv2dNativeBackpropInput,
          { dy: dy as tf.Tensor, filter: f as tf.Tensor },
          { ...attributes, inputShape: image.x },
        ),
    ],
    [
      `depthwise convolution by its filter, ${name}`,
      { ...image, dy: depthwise },
      ({ x, dy }) =>
        kernel(
          tf.DepthwiseConv2dNativeBackpropFilter,
          { x: x as tf.Tensor, dy: dy as tf.Tensor },
          { ...attributes, filterShape: [3, 2, 3, 2] },
        ),
    ],
  ];
});

export const pools: Case[] = [
  { filterSize: 2, strides: 2, pad: "valid" },
  { filterSize: 2, strides: 2, pad: "same" },
  { filterSize: 3, strides: 1, pad: "valid" },
  { filterSize: [3, 2], strides: [2, 1], pad: "same" },
].flatMap((attributes): Case[] => {
  const name = `${attributes.filterSize} by ${attributes.strides}, ${attributes.pad}`;
  const { filterSize, strides, pad } = attributes as { filterSize: number; strides: number; pad: "valid" };
  const outShape = tf.backend_util.computePool2DInfo([2, 6, 5, 3], filterSize, strides, 1, pad).outShape;
  return [
    [`maximum pooling, ${name}`, image, ({ x }) => kernel(tf.MaxPool, { x: x as tf.Tensor }, attributes)],
    [
      `maximum pooling backwards, ${name}`,
      { ...image, dy: outShape },
      ({ x, dy }) => {
        const input = x as tf.Tensor;
        const output = kernel(tf.MaxPool, { x: input }, attributes);
        return kernel(tf.MaxPoolGrad, { dy: dy as tf.Tensor, input, output }, attributes);
      },
    ],
    [`average pooling, ${name}`, image, ({ x }) => kernel(tf.AvgPool, { x: x as tf.Tensor }, attributes)],
    // tfjs's own gradient is wrong where windows reach into the padding.
    ...(pad === "valid"
      ? [
          [
            `average pooling backwards, ${name}`,
            { ...image, dy: outShape },
            ({ x, dy }) => kernel(tf.AvgPoolGrad, { dy: dy as tf.Tensor, input: x as tf.Tensor }, attributes),
          ] satisfies Case,
        ]
      : []),
  ];
});

export const images: Case[] = [
  ["nearest", { x: [2, 3, 4, 2] }, ({ x }) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [6, 8])],
  ["bilinear", { x: [2, 3, 4, 2] }, ({ x }) => tf.image.resizeBilinear(x as tf.Tensor4D, [6, 8], false, true)],
  // For a batch of one: tfjs's own gradient is wrong for more.
  [
    "nearest, backwards",
    { x: [1, 3, 4, 2], dy: [1, 6, 8, 2] },
    ({ x, dy }) =>
      kernel(tf.ResizeNearestNeighborGrad, { images: x as tf.Tensor, dy: dy as tf.Tensor }, { alignCorners: false }),
  ],
  [
    "spaceToBatchND",
    { x: [2, 4, 6, 3] },
    ({ x }) =>
      tf.spaceToBatchND(
        x as tf.Tensor,
        [2, 3],
        [
          [1, 1],
          [0, 3],
        ],
      ),
  ],
  [
    "batchToSpaceND",
    { x: [12, 2, 3, 1] },
    ({ x }) =>
      tf.batchToSpaceND(
        x as tf.Tensor,
        [2, 3],
        [
          [1, 0],
          [0, 2],
        ],
      ),
  ],
  ["depthToSpace", { x: [2, 2, 3, 8] }, ({ x }) => tf.depthToSpace(x as tf.Tensor4D, 2)],
  [
    "batch normalization",
    { x: [4, 3], i: [3] },
    ({ x, i }) =>
      tf.batchNorm(
        x as tf.Tensor2D,
        tf.mean(x as tf.Tensor, 0) as tf.Tensor1D,
        tf.add(tf.cast(i as tf.Tensor, "float32"), 1) as tf.Tensor1D,
      ),
  ],
];
