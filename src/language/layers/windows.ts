import { type ChoiceOf, choices } from "../fields/choices.js";
import type { Field } from "../fields/field.js";
import { readInteger, readList } from "../fields/fields.js";
import { Findings } from "../fields/findings.js";
import { limits } from "../fields/limits.js";
import { readBy } from "../fields/objects.js";
import { choice } from "../fields/scalars.js";
import type { Form, Place, Shape } from "./description.js";

const meanings = {
  VALID: "The window stays inside: an extent n becomes floor((n - window) / stride) + 1.",
  SAME: "Zeros at the border, as many as needed for an extent n to become ceil(n / stride).",
};
const paddingChoices = choices(
  "Padding",
  "What a window does at the border, with the names and definitions of Keras 3.",
  meanings,
);
export const causalPaddingChoices = choices(
  "CausalPadding",
  "What a window does at the border of a sequence, with the names and definitions of Keras 3.",
  {
    ...meanings,
    CAUSAL: "Zeros in front alone, so that no output depends on a later step; ceil(n / stride) steps.",
  },
);
export type Padding = ChoiceOf<typeof paddingChoices>;
export type CausalPadding = ChoiceOf<typeof causalPaddingChoices>;

/** What a window does at the border. */
export const padding = (doc = "What happens at the border.") => choice(paddingChoices, { default: "VALID", doc });

/** One axis of steps, or the two of an image. The axis after them is the channels. */
export type Axes = 1 | 2;

const advice = "add a reshape layer before it";
/** What layers over so many axes take. */
export const spatial: Readonly<Record<Axes, Form>> = {
  1: { rank: 2, words: "[steps, channels]", advice },
  2: { rank: 3, words: "[height, width, channels]", advice },
};

/** The extents of an input of a `spatial` form, and its channels. */
export function split(input: readonly number[]): { extents: readonly number[]; channels: number } {
  return { extents: input.slice(0, -1), channels: input.at(-1) as number };
}

/** How such a list is described. */
export const perAxis = "One number for every axis, or one per axis: height, width.";

/**
 * A whole number for each axis: declared as a list of one, which holds for every axis, or of one per axis. NaN for what is
 * wrong.
 *
 * @param fallback what absence means: a number for every axis, or what the field `sameAs` has.
 */
export function extents(axes: Axes, doc: string): Field<number[], number[], true>;
export function extents(
  axes: Axes,
  doc: string,
  fallback: number | { sameAs: string; field: Field<number[], number[]> },
): Field<number[], number[], false>;
export function extents(
  axes: Axes,
  doc: string,
  fallback?: number | { sameAs: string; field: Field<number[], number[]> },
): Field<number[], number[]> {
  const of = { type: "INTEGER", rule: { min: 1, max: limits.extent } } as const;
  return readBy<number[], number[], boolean>(
    {
      doc,
      takes: { type: "LIST", of, min: 1, max: axes },
      required: fallback === undefined,
      ...(typeof fallback === "number" && { absent: { value: [fallback] } }),
      ...(typeof fallback === "object" && { absent: { words: `\`${fallback.sameAs}\`` } }),
    },
    (at, key, value, beside) => {
      if (fallback === undefined || (value ?? undefined) !== undefined) return readExtents(at, key, value, axes);
      if (typeof fallback === "number") return each(axes, fallback);
      const { sameAs, field } = fallback;
      // Its own place reports what is wrong with it.
      return field.read(Findings.start(), sameAs, (beside as Record<string, number[]>)[sameAs], beside);
    },
  );
}

function readExtents(
  at: Findings,
  key: string | number,
  value: readonly number[] | null | undefined,
  axes: Axes,
): number[] {
  const list = readList(at, key, value, axes);
  if (list.length === 0) {
    if (Array.isArray(value) && value.length === 0) at.add("EMPTY", "must have at least one entry.", key);
    return each(axes, Number.NaN);
  }
  const entries = list.map((entry, index) => readInteger(at.at(key), index, entry, 1, undefined, limits.extent));
  return list.length === axes ? entries : each(axes, entries[0] as number);
}

/** The same whole number for each axis. */
export function each(axes: Axes, value: number): number[] {
  return Array.from({ length: axes }, () => value);
}

/** What a window covers when its entries are `dilation` apart. */
export function dilated(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/** A window that moves over the axes of its input; one entry per axis. */
export interface Window {
  size: readonly number[];
  strides: readonly number[];
  dilationRate?: readonly number[];
  padding: CausalPadding;
}

/** How often the window fits along each axis. Undefined where the input or the window is unknown, or does not fit. */
export function windowedExtents(input: Shape, window: Window): number[] | undefined {
  if (input === undefined || isUnknown(window)) return undefined;
  const outputs = split(input).extents.map((extent, axis) => {
    const stride = window.strides[axis] as number;
    return window.padding === "VALID"
      ? Math.floor((extent - covered(window, axis)) / stride) + 1
      : Math.ceil(extent / stride);
  });
  return outputs.every((extent) => extent > 0) ? outputs : undefined;
}

/** Refuses a window that is larger than its input. `key` is the field with its size. */
export function checkFit({ at, input }: Pick<Place, "at" | "input">, key: string, window: Window): void {
  if (input === undefined || isUnknown(window) || window.padding !== "VALID") return;
  const { extents } = split(input);
  const names = extents.length === 1 ? ["count of steps"] : ["height", "width"];
  for (const [axis, extent] of extents.entries()) {
    const size = covered(window, axis);
    if (size <= extent) continue;
    const message = `a window of ${size} does not fit into the input's ${names[axis]} of ${extent}: use a smaller one, or padding SAME.`;
    at.add("SHAPE_MISMATCH", message, key);
  }
}

function isUnknown({ size, strides, dilationRate = [] }: Window): boolean {
  return [...size, ...strides, ...dilationRate].some(Number.isNaN);
}

function covered({ size, dilationRate }: Window, axis: number): number {
  return dilated(size[axis] as number, dilationRate?.[axis] ?? 1);
}
