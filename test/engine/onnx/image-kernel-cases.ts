import * as tf from "@tensorflow/tfjs-core";
import type { Case } from "./kernel-cases.js";

/** Kernels that tfjs calls only in gradients, called by their names. */
const kernel = (name: string, inputs: tf.NamedTensorMap, attributes: object) =>
  tf.engine().runKernel(name, inputs, attributes as tf.NamedAttrMap) as tf.Tensor;

type Quad = [number, number, number, number];

const windows = [
  { strides: 1, pad: "valid" },
  { strides: 1, pad: "same" },
  { strides: 2, pad: "same" },
  { strides: [2, 1], pad: "valid" },
] as { strides: number | [number, number]; pad: "valid" | "same" }[];

/** A convolution of images of shape `x` with a filter, and its gradients. */
function convolutionCases(x: Quad, filter: Quad): Case[] {
  return windows.flatMap(({ strides, pad }): Case[] => {
    const attributes = { strides, pad, dataFormat: "NHWC", dilations: 1 };
    const name = `of ${x} with ${filter}, strides ${strides}, ${pad}`;
    const { outShape } = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad);
    return [
      [
        `convolution, ${name}`,
        { x, f: filter },
        ({ x, f }) => kernel(tf.Conv2D, { x: x as tf.Tensor, filter: f as tf.Tensor }, attributes),
      ],
      [
        `convolution by its image, ${name}`,
        { dy: outShape, f: filter },
        ({ dy, f }) => {
          const inputs = { dy: dy as tf.Tensor, filter: f as tf.Tensor };
          return kernel(tf.Conv2DBackpropInput, inputs, { ...attributes, inputShape: x });
        },
      ],
      [
        `convolution by its filter, ${name}`,
        { x, dy: outShape },
        ({ x, dy }) => {
          const inputs = { x: x as tf.Tensor, dy: dy as tf.Tensor };
          return kernel(tf.Conv2DBackpropFilter, inputs, { ...attributes, filterShape: filter });
        },
      ],
    ];
  });
}

/** The same for a filter of its own for each channel. */
function depthwiseCases(x: Quad, filter: Quad): Case[] {
  return windows.flatMap(({ strides, pad }): Case[] => {
    const attributes = { strides, pad, dataFormat: "NHWC", dilations: 1 };
    const name = `of ${x} with ${filter}, strides ${strides}, ${pad}`;
    const { outShape } = tf.backend_util.computeConv2DInfo(x, filter, strides, 1, pad, undefined, true);
    return [
      [
        `depthwise convolution, ${name}`,
        { x, f: filter },
        ({ x, f }) => kernel(tf.DepthwiseConv2dNative, { x: x as tf.Tensor, filter: f as tf.Tensor }, attributes),
      ],
      [
        `depthwise convolution by its image, ${name}`,
        { dy: outShape, f: filter },
        ({ dy, f }) => {
          const inputs = { dy: dy as tf.Tensor, filter: f as tf.Tensor };
          return kernel(tf.DepthwiseConv2dNativeBackpropInput, inputs, { ...attributes, inputShape: x });
        },
      ],
      [
        `depthwise convolution by its filter, ${name}`,
        { x, dy: outShape },
        ({ x, dy }) => {
          const inputs = { x: x as tf.Tensor, dy: dy as tf.Tensor };
          return kernel(tf.DepthwiseConv2dNativeBackpropFilter, inputs, { ...attributes, filterShape: filter });
        },
      ],
    ];
  });
}

/** Few channels, as ONNX has images; then whole blocks of channels, read, written or both, and rows that fill blocks or not. */
export const convolutions: Case[] = [
  ...convolutionCases([2, 6, 5, 3], [3, 2, 3, 4]),
  ...convolutionCases([2, 6, 5, 3], [3, 2, 3, 16]),
  ...convolutionCases([16, 6, 5, 3], [3, 2, 3, 32]),
  ...convolutionCases([32, 4, 3, 16], [2, 2, 16, 16]),
  ...convolutionCases([3, 7, 6, 32], [2, 3, 32, 16]),
  ...convolutionCases([18, 6, 5, 16], [3, 2, 16, 16]),
  ...convolutionCases([16, 4, 4, 32], [1, 1, 32, 16]),
  ...depthwiseCases([2, 6, 5, 3], [3, 2, 3, 2]),
  ...depthwiseCases([2, 6, 5, 16], [3, 2, 16, 1]),
];

function poolCases(x: Quad): Case[] {
  return [
    { filterSize: 2, strides: 2, pad: "valid" },
    { filterSize: 2, strides: 2, pad: "same" },
    { filterSize: 3, strides: 1, pad: "valid" },
    { filterSize: [3, 2], strides: [3, 2], pad: "valid" },
    { filterSize: [3, 2], strides: [2, 1], pad: "same" },
  ].flatMap((attributes): Case[] => {
    const name = `of ${x}, ${attributes.filterSize} by ${attributes.strides}, ${attributes.pad}`;
    const { filterSize, strides, pad } = attributes as { filterSize: number; strides: number; pad: "valid" };
    const { outShape } = tf.backend_util.computePool2DInfo(x, filterSize, strides, 1, pad);
    const backwards = (input: tf.Tensor, dy: tf.Tensor) => {
      const output = kernel(tf.MaxPool, { x: input }, attributes);
      return kernel(tf.MaxPoolGrad, { dy, input, output }, attributes);
    };
    return [
      [`maximum pooling, ${name}`, { x }, ({ x }) => kernel(tf.MaxPool, { x: x as tf.Tensor }, attributes)],
      [
        `maximum pooling backwards, ${name}`,
        { x, dy: outShape },
        ({ x, dy }) => backwards(x as tf.Tensor, dy as tf.Tensor),
      ],
      [
        `maximum pooling backwards where several are greatest, ${name}`,
        { i: x, dy: outShape },
        ({ i, dy }) => backwards(tf.cast(i as tf.Tensor, "float32"), dy as tf.Tensor),
      ],
      [
        `maximum pooling backwards through a rectifier, ${name}`,
        { x, dy: outShape },
        ({ x, dy }) => {
          const rectified = tf.relu(x as tf.Tensor);
          return tf.mul(backwards(rectified, dy as tf.Tensor), tf.step(x as tf.Tensor));
        },
      ],
      [`average pooling, ${name}`, { x }, ({ x }) => kernel(tf.AvgPool, { x: x as tf.Tensor }, attributes)],
      // tfjs's own gradient is wrong where windows reach into the padding.
      ...(pad === "valid"
        ? [
            [
              `average pooling backwards, ${name}`,
              { x, dy: outShape },
              ({ x, dy }) => kernel(tf.AvgPoolGrad, { dy: dy as tf.Tensor, input: x as tf.Tensor }, attributes),
            ] satisfies Case,
          ]
        : []),
    ];
  });
}

/** Odd channels, whole vectors of them, whole blocks. */
export const pools: Case[] = [
  ...poolCases([2, 6, 5, 3]),
  ...poolCases([2, 7, 5, 4]),
  ...poolCases([2, 7, 5, 16]),
  ...poolCases([3, 6, 4, 32]),
];

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
