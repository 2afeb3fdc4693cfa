import * as tf from "@tensorflow/tfjs-core";
import { runKernel } from "../tensors/run-kernel.js";

/** The derivatives of pooling. Where the windows tile the image, which they do by default, that of a mean is written in plain operations. */

type Geometry = ReturnType<typeof tf.backend_util.computePool2DInfo>;

function geometry(x: tf.Tensor, attributes: tf.NamedAttrMap): Geometry {
  const { filterSize, strides, pad, dimRoundingMode } = attributes as unknown as tf.MaxPoolAttrs;
  return tf.backend_util.computePool2DInfo(
    x.shape as tf.Tensor4D["shape"],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
}

/** Whether the windows lie side by side, without padding; beyond the last ones, rows and columns may be left over. */
function isTiled({ padInfo, strideHeight, strideWidth, filterHeight, filterWidth }: Geometry): boolean {
  const padding = padInfo.top + padInfo.bottom + padInfo.left + padInfo.right;
  return padding === 0 && strideHeight === filterHeight && strideWidth === filterWidth;
}

/** Zeros for the rows and columns that no window covers. */
function withLeftover(gradient: tf.Tensor4D, { inHeight, inWidth }: Geometry): tf.Tensor4D {
  const [, height, width] = gradient.shape;
  if (height === inHeight && width === inWidth) return gradient;
  return tf.pad(gradient, [
    [0, 0],
    [0, inHeight - height],
    [0, inWidth - width],
    [0, 0],
  ]);
}

/** To the first of a window's greatest numbers, row by row, as in PyTorch and as ONNX Runtime finds their positions. */
const maxPool: tf.GradConfig = {
  kernelName: tf.MaxPool,
  inputsToSave: ["x"],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [input, output] = saved as [tf.Tensor, tf.Tensor];
    return { x: () => runKernel(tf.MaxPoolGrad, { dy: dy as tf.Tensor, input, output }, attributes) };
  },
};

/** The same share for every entry of a window. */
function tiledAverageGradient(dy: tf.Tensor, at: Geometry): tf.Tensor {
  const { batchSize, inChannels, outHeight, outWidth, filterHeight, filterWidth } = at;
  const shares = tf.fill([1, filterHeight, 1, filterWidth, 1], 1 / (filterHeight * filterWidth));
  const spread = tf.mul(tf.reshape(dy, [batchSize * outHeight, 1, outWidth, 1, inChannels]), shares);
  const tiled: tf.Tensor4D["shape"] = [batchSize, outHeight * filterHeight, outWidth * filterWidth, inChannels];
  return withLeftover(tf.reshape(spread, tiled), at);
}

/** tfjs's kernel is right where nothing is padded, and only there is it used: see `averagePooling` in `layers/pooling.ts`. */
const averagePool: tf.GradConfig = {
  kernelName: tf.AvgPool,
  inputsToSave: ["x"],
  gradFunc: (dy, saved, attributes) => {
    const [input] = saved as [tf.Tensor];
    const at = geometry(input, attributes);
    return {
      x: () =>
        isTiled(at)
          ? tiledAverageGradient(dy as tf.Tensor, at)
          : runKernel(tf.AvgPoolGrad, { dy: dy as tf.Tensor, input }, attributes),
    };
  },
};

export const poolingGradients: tf.GradConfig[] = [maxPool, averagePool];
