import { PlatformError } from "../../errors.js";
import type { ModelInput, ModelTarget } from "../../language/models/model.js";
import { mostQuantiles, type Preprocessing } from "../../language/preprocessing/preprocessing.js";
import type { TrainingSemantics } from "../../language/training/training.js";
import { columnOf, featureWidth, numbersOf } from "./column.js";
import type { Destination, Rows, TrainingRows } from "./encoding.js";
import { type FittedRanks, fitRanks, scoreOf } from "./ranks.js";
import { columnStatistics, type Statistics, spreadOfConstant } from "./statistics.js";
import type { FittedTokens } from "./vocabulary.js";

/**
 * The statistics of one feature, one entry per group: a VECTOR has as many groups as elements, an IMAGE as many as
 * channels (its last axis), a SEQUENCE of vectors as many as a vector has numbers, every other type one. A TIMESTAMP's are
 * of seconds.
 */
export type FittedScaling =
  | { method: "Z_SCORE" | "CALENDAR"; mean: number[]; standardDeviation: number[] }
  | { method: "MIN_MAX"; minimum: number[]; maximum: number[] }
  | { method: "CLIPPED_Z_SCORE"; mean: number[]; standardDeviation: number[]; clip: number }
  | FittedRanks
  | { method: "ONE_HOT" | "ORDINAL" | "NONE" }
  | FittedTokens;

/** Encoded = (value / unit - center) / scale, by group, and within ±clip. */
export interface Affine {
  center: number[];
  scale: number[];
  unit: number;
  /** Infinite but for CLIPPED_Z_SCORE. */
  clip: number;
}

/** The unit is 4 where statistics are so large that a difference of two values could overflow, and 1 otherwise. */
export function affine(scaling: FittedScaling, groups: number): Affine {
  const [low, high] =
    scaling.method === "Z_SCORE" || scaling.method === "CALENDAR" || scaling.method === "CLIPPED_Z_SCORE"
      ? [scaling.mean, scaling.standardDeviation]
      : scaling.method === "MIN_MAX"
        ? [scaling.minimum, scaling.maximum]
        : [new Array<number>(groups).fill(0), new Array<number>(groups).fill(1)];
  const unit = [...low, ...high].some((value) => Math.abs(value) > 2 ** 1020) ? 4 : 1;
  const center = low.map((value) => value / unit);
  const scale = high.map((value, group) => value / unit - (scaling.method === "MIN_MAX" ? (center[group] ?? 0) : 0));
  const clip = scaling.method === "CLIPPED_Z_SCORE" ? scaling.clip : Number.POSITIVE_INFINITY;
  return { center, scale: scale.map((value) => value || 1), unit, clip };
}

/** How many statistics a feature has: one for each place of the last axis, such as an image's channels. */
export function groupCount({ shape }: { shape: readonly number[] }): number {
  return shape.at(-1) ?? 1;
}

/** The unit of a TIMESTAMP's statistics and of exported models: seconds. */
export function secondsOf(milliseconds: number): number {
  return milliseconds / 1000;
}

/**
 * The scaling of a method. Z_SCORE uses the population's standard deviation, 1 where the training rows are constant;
 * MIN_MAX maps the training rows to [0, 1], a constant to 0. Numbers that differ only by rounding are constant
 * (`spreadOfConstant`); under semantics 1 only equal numbers are.
 *
 * @param statistics computed only where the method needs them.
 */
export function fitScaling(
  method: Preprocessing,
  semantics: TrainingSemantics,
  statistics: () => readonly Statistics[],
): FittedScaling {
  const constant = (group: Statistics) => (semantics === 1 ? undefined : spreadOfConstant(group));
  switch (method) {
    case "ONE_HOT":
    case "NONE":
      return { method };
    case "MIN_MAX": {
      const groups = statistics();
      const minimum = groups.map((group) => group.minimum);
      const maximum = groups.map((group) => {
        const spread = constant(group);
        if (spread === undefined) return group.maximum;
        return spread === 1 ? group.minimum : Math.min(group.minimum + spread, Number.MAX_VALUE);
      });
      return { method, minimum, maximum };
    }
    case "Z_SCORE":
    case "CALENDAR": {
      const groups = statistics();
      const standardDeviation = groups.map((group) => constant(group) ?? (group.standardDeviation || 1));
      return { method, mean: groups.map((group) => group.mean), standardDeviation };
    }
    default:
      // Embedded and counted values reach the network as ids; the vectors of an embedding are weights of the network.
      return { method: "ORDINAL" };
  }
}

/** `fitScaling` of a column of numbers. */
export function columnScaling(
  field: ModelInput | ModelTarget,
  method: Preprocessing,
  { table, indices, semantics }: TrainingRows,
): FittedScaling {
  const { clip, quantiles } = field as ModelInput;
  if (method === "QUANTILE") {
    return fitRanks(columnOf(table, { name: field.feature, shape: field.shape }), indices, quantiles ?? mostQuantiles);
  }
  if (method === "CLIPPED_Z_SCORE") {
    const scaling = columnScaling(field, "Z_SCORE", { table, indices, semantics });
    return { ...scaling, method, clip: clip ?? Number.MAX_VALUE } as FittedScaling;
  }
  return fitScaling(method, semantics, () => {
    const column = columnOf(table, { name: field.feature, shape: field.shape });
    return columnStatistics(column, featureWidth(field), groupCount(field), indices);
  });
}

/** Scaled numbers of a column. */
export function encodeScaled(
  field: ModelInput | ModelTarget,
  scaling: FittedScaling,
  { table, indices }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  // Bytes stay bytes: a batch must not convert the pixels of all rows.
  const column = numbersOf(table, { name: field.feature, shape: field.shape });
  const width = featureWidth(field);
  if (scaling.method === "QUANTILE") {
    for (let row = 0; row < indices.length; row++)
      encoded[row * stride + offset] = scoreOf(scaling, column[indices[row] ?? 0] ?? 0);
    return;
  }
  const { center, scale, unit, clip } = affine(scaling, groupCount(field));
  const groups = center.length;
  const isClipped = Number.isFinite(clip);
  for (let row = 0; row < indices.length; row++) {
    const from = (indices[row] ?? 0) * width;
    const to = row * stride + offset;
    for (let element = 0; element < width; element++) {
      const group = element % groups;
      const value = (column[from + element] ?? 0) / unit;
      const distance = (value - (center[group] ?? 0)) / (scale[group] ?? 1);
      encoded[to + element] = isClipped ? Math.min(clip, Math.max(-clip, distance)) : distance;
    }
  }
}

/** The error for preprocessing that was fitted for another model. */
export function foreign(feature: string): PlatformError {
  return new PlatformError("BAD_INPUT", `The fitted preprocessing is another model's: it lacks feature "${feature}".`);
}
