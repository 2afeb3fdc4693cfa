import { readInteger, readList } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { shownShape } from "../fields/wording.js";
import type { Shape } from "./resolved-layer.js";

/** What a window does at the border: VALID stays inside, SAME pads with as little as keeps ceil(extent / stride). */
export const paddings = ["VALID", "SAME"] as const;
export type Padding = (typeof paddings)[number];

/** CAUSAL pads in front alone, so that an output depends on no later step. */
export const causalPaddings = ["VALID", "SAME", "CAUSAL"] as const;
export type CausalPadding = (typeof causalPaddings)[number];

/** One axis of steps, or the two of an image. */
export type Axes = 1 | 2;

/** An input whose last axis is its channels: `[steps, channels]` or `[height, width, channels]`. */
export interface Spatial {
  extents: number[];
  channels: number;
}

/** Undefined where the shape is unknown, or is not that of a layer over so many axes (a problem of the layer). */
export function readSpatial(at: Findings, input: Shape, axes: Axes): Spatial | undefined {
  if (input === undefined) return undefined;
  if (input.length === axes + 1) return { extents: input.slice(0, axes), channels: input[axes] as number };
  const wanted = axes === 1 ? "[steps, channels]" : "[height, width, channels]";
  const message = `takes ${wanted}, and here comes shape ${shownShape(input)}: add a reshape layer before it.`;
  at.add("SHAPE_MISMATCH", message);
  return undefined;
}

/**
 * A whole number for each axis under `key`, from a list of one (which holds for every axis) or of one an axis. NaN for
 * what is wrong; a fallback makes the field optional.
 */
export function readExtents(
  at: Findings,
  key: string,
  declared: readonly number[] | null | undefined,
  axes: Axes,
  fallback?: readonly number[],
): number[] {
  if (fallback !== undefined && (declared === undefined || declared === null)) return [...fallback];
  const list = readList(at, key, declared, axes);
  const wrong = Array.from({ length: axes }, () => Number.NaN);
  if (list.length === 0) {
    if (Array.isArray(declared) && declared.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    return wrong;
  }
  const entries = list.map((entry, index) => readInteger(at.at(key), index, entry, 1, undefined, limits.extent));
  return list.length === axes ? entries : wrong.map(() => entries[0] as number);
}

/** The same whole number for each axis. */
export function each(axes: Axes, value: number): number[] {
  return Array.from({ length: axes }, () => value);
}

/** What a window covers when its entries are `dilation` apart. */
export function dilated(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/** A window that moves over the axes of its input; one entry an axis. */
export interface Window {
  /** The field that says how large it is. */
  key: string;
  size: readonly number[];
  strides: readonly number[];
  dilationRate: readonly number[];
  padding: CausalPadding;
}

/**
 * How often the window fits along each axis. Undefined where the input or the window is unknown, or does not fit, which
 * is a problem of the window's size.
 */
export function windowedExtents(at: Findings, input: Spatial | undefined, window: Window): number[] | undefined {
  const { key, size, strides, dilationRate, padding } = window;
  if (input === undefined || [...size, ...strides, ...dilationRate].some(Number.isNaN)) return undefined;
  const names = input.extents.length === 1 ? ["count of steps"] : ["height", "width"];
  let fits = true;
  const outputs = input.extents.map((extent, axis) => {
    const stride = strides[axis] as number;
    if (padding !== "VALID") return Math.ceil(extent / stride);
    const covered = dilated(size[axis] as number, dilationRate[axis] as number);
    if (covered > extent) {
      fits = false;
      const message = `a window of ${covered} does not fit into the input's ${names[axis]} of ${extent}: use a smaller one, or padding SAME.`;
      at.add("SHAPE_MISMATCH", message, key);
    }
    return Math.floor((extent - covered) / stride) + 1;
  });
  return fits ? outputs : undefined;
}
