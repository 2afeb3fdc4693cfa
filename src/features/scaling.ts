import { featureWidth } from "./column.js";
import type { FittedTokens } from "./vocabulary.js";

/**
 * The statistics of one feature, one entry per group: a VECTOR has as many groups as elements, an IMAGE as many as
 * channels (its last axis), a SEQUENCE of vectors as many as a vector has numbers, every other type one. A TIMESTAMP's are
 * of seconds.
 */
export type FittedScaling =
  | { method: "Z_SCORE" | "CALENDAR"; mean: number[]; standardDeviation: number[] }
  | { method: "MIN_MAX"; minimum: number[]; maximum: number[] }
  | { method: "ONE_HOT" | "ORDINAL" | "NONE" }
  | FittedTokens;

/** Encoded = (value / unit - center) / scale, by group. */
export interface Affine {
  center: number[];
  scale: number[];
  unit: number;
}

/** The unit is 4 where statistics are so large that a difference of two values could overflow, and 1 otherwise. */
export function affine(scaling: FittedScaling, groups: number): Affine {
  const [low, high] =
    scaling.method === "Z_SCORE" || scaling.method === "CALENDAR"
      ? [scaling.mean, scaling.standardDeviation]
      : scaling.method === "MIN_MAX"
        ? [scaling.minimum, scaling.maximum]
        : [new Array<number>(groups).fill(0), new Array<number>(groups).fill(1)];
  const unit = [...low, ...high].some((value) => Math.abs(value) > 2 ** 1020) ? 4 : 1;
  const center = low.map((value) => value / unit);
  const scale = high.map((value, group) => value / unit - (scaling.method === "MIN_MAX" ? (center[group] ?? 0) : 0));
  return { center, scale: scale.map((value) => value || 1), unit };
}

/** How many statistics a feature has: one a number, an IMAGE one a channel. */
export function groupCount(field: { type: string; shape: number[] }): number {
  return field.type === "IMAGE" ? (field.shape.at(-1) ?? 1) : featureWidth(field);
}

/** A TIMESTAMP's unit: seconds are what people name a duration in, and what an exported model takes. */
export function secondsOf(milliseconds: number): number {
  return milliseconds / 1000;
}
