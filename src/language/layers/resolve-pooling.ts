import { readChoice, readFlag } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import type { GlobalPooling, GlobalPoolingDeclaration, Pooling, PoolingDeclaration } from "./pooling.js";
import type { Resolved, Shape } from "./resolved-layer.js";
import { type Axes, each, paddings, readExtents, readSpatial, windowedExtents } from "./spatial.js";

/** The window moves by its own size unless `strides` says otherwise. */
export function resolvePooling(type: Pooling["type"]) {
  const axes = axesOf(type);
  return (at: Findings, declared: PoolingDeclaration, input: Shape): Resolved => {
    const spatial = readSpatial(at, input, axes);
    const poolSize = readExtents(at, "poolSize", declared.poolSize, axes, each(axes, 2));
    const strides = readExtents(at, "strides", declared.strides, axes, poolSize);
    const padding = readChoice(at, "padding", declared.padding, paddings, "VALID");
    const window = { key: "poolSize", size: poolSize, strides, dilationRate: each(axes, 1), padding };
    const extents = windowedExtents(at, spatial, window);
    if (spatial === undefined || extents === undefined) return { outputShape: undefined };
    return { body: { type, poolSize, strides, padding }, outputShape: [...extents, spatial.channels] };
  };
}

/** All steps, or the whole image, become one number a channel. */
export function resolveGlobalPooling(type: GlobalPooling["type"]) {
  const axes = axesOf(type);
  return (at: Findings, declared: GlobalPoolingDeclaration, input: Shape): Resolved => {
    const spatial = readSpatial(at, input, axes);
    const keepDims = readFlag(at, "keepDims", declared.keepDims, false);
    if (spatial === undefined) return { outputShape: undefined };
    const outputShape = keepDims ? [...each(axes, 1), spatial.channels] : [spatial.channels];
    return { body: { type, keepDims }, outputShape };
  };
}

function axesOf(type: Pooling["type"] | GlobalPooling["type"]): Axes {
  return type.endsWith("1d") ? 1 : 2;
}
