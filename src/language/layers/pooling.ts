import { struct } from "../fields/field.js";
import { flag } from "../fields/scalars.js";
import { layer, named } from "./description.js";
import { type Axes, checkFit, each, extents, padding, perAxis, spatial, split, windowedExtents } from "./windows.js";

function pooling(axes: Axes, doc: string) {
  const poolSize = extents(axes, `The window's size. ${perAxis}`, 2);
  return layer({
    doc,
    input: struct("PoolingInput", "A window moves over the input, and each place becomes one number per channel.", {
      ...named,
      poolSize,
      strides: extents(axes, `How far the window moves each time. ${perAxis}`, { sameAs: "poolSize", field: poolSize }),
      padding: padding("What happens at the border. Padding has no part in a maximum or a mean."),
    }),
    takes: spatial[axes],
    resolve({ poolSize, strides, padding }, place) {
      const { input } = place;
      const window = { size: poolSize, strides, padding };
      checkFit(place, "poolSize", window);
      const extents = windowedExtents(input, window);
      return { outputShape: input && extents && [...extents, split(input).channels] };
    },
  });
}

function globalPooling(axes: Axes, doc: string) {
  return layer({
    doc,
    input: struct("GlobalPoolingInput", "All steps, or the whole image, become one number per channel.", {
      ...named,
      keepDims: flag({ default: false, doc: "Whether the axes that are pooled stay, with an extent of 1." }),
    }),
    takes: spatial[axes],
    resolve({ keepDims }, { input }) {
      return { outputShape: input && [...(keepDims ? each(axes, 1) : []), split(input).channels] };
    },
  });
}

export const poolings = {
  maxPooling1d: pooling(1, "The greatest number of each window of steps."),
  maxPooling2d: pooling(2, "The greatest number of each window of an image."),
  averagePooling1d: pooling(1, "The mean of each window of steps."),
  averagePooling2d: pooling(2, "The mean of each window of an image."),
  globalMaxPooling1d: globalPooling(1, "The greatest number of each channel over all steps."),
  globalMaxPooling2d: globalPooling(2, "The greatest number of each channel over the image."),
  globalAveragePooling1d: globalPooling(1, "The mean of each channel over all steps."),
  globalAveragePooling2d: globalPooling(2, "The mean of each channel over the image."),
};
