import { PlatformError } from "../errors.js";
import type { ModelInput, ModelSpec, ModelTarget } from "../spec/model.js";
import { columnStatistics } from "./statistics.js";
import { assertRowIndices, columnOf, featureWidth, type Table } from "./table.js";

/**
 * The statistics of one feature, one entry per group: a VECTOR has as many groups as elements, an IMAGE as many as
 * channels (its last axis), every other type one.
 */
export type FittedScaling =
  | { method: "Z_SCORE"; mean: number[]; standardDeviation: number[] }
  | { method: "MIN_MAX"; minimum: number[]; maximum: number[] }
  | { method: "ONE_HOT" | "ORDINAL" | "NONE" };

/** What was learned from the training rows. Plain JSON: it is stored with the version, and `predict` needs nothing else. */
export interface FittedPreprocessing {
  format: 1;
  /** In the order of the model's inputs. */
  inputs: ({ feature: string } & FittedScaling)[];
  target: { feature: string } & FittedScaling;
}

/**
 * Fits the preprocessing of a model's inputs and target on the rows at `trainIndices`, and on no other row.
 * Z_SCORE uses the population's standard deviation, 1 where the training rows are constant; MIN_MAX maps the training
 * rows to [0, 1], a constant to 0. Throws `EMPTY_SPLIT` without training rows.
 */
export function fitPreprocessing(model: ModelSpec, table: Table, trainIndices: ArrayLike<number>): FittedPreprocessing {
  if (trainIndices.length === 0) {
    throw new PlatformError("EMPTY_SPLIT", "The training part of the split holds no rows to fit the preprocessing on.");
  }
  assertRowIndices(table, trainIndices);
  const scalingOf = (
    field: ModelInput | ModelTarget,
    method: FittedScaling["method"],
  ): { feature: string } & FittedScaling => {
    const { feature } = field;
    if (method === "ONE_HOT" || method === "ORDINAL" || method === "NONE") return { feature, method };
    const column = columnOf(table, { name: feature, shape: field.shape });
    const statistics = columnStatistics(column, featureWidth(field), groupCount(field), trainIndices);
    if (method === "MIN_MAX") {
      const minimum = statistics.map((group) => group.minimum);
      return { feature, method, minimum, maximum: statistics.map((group) => group.maximum) };
    }
    const standardDeviation = statistics.map((group) => group.standardDeviation || 1);
    return { feature, method, mean: statistics.map((group) => group.mean), standardDeviation };
  };
  return {
    format: 1,
    inputs: model.inputs.map((input) =>
      // What is embedded reaches the network as its code; the vectors are the network's own.
      scalingOf(input, input.preprocessing === "EMBEDDING" ? "ORDINAL" : input.preprocessing),
    ),
    target: scalingOf(model.target, targetMethod(model.target)),
  };
}

/**
 * The network's inputs of the rows at `indices` (default: all), row after row: n × the sum of the inputs' widths, in the
 * order of the model's inputs. Values outside float32's range become infinite. Throws `BAD_INPUT` where the table lacks
 * an input, holds a category the model does not know, or what is no id where an embedding layer reads ids.
 */
export function encodeInputs(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  table: Table,
  indices?: ArrayLike<number>,
): Float32Array {
  const rows = rowsOf(table, indices);
  const stride = model.inputs.reduce((sum, input) => sum + input.width, 0);
  const encoded = new Float32Array(rows.length * stride);
  let offset = 0;
  model.inputs.forEach((input, index) => {
    if (input.idsBelow !== undefined) assertIds(input, input.idsBelow, table, rows);
    encodeColumn(input, fittedOf(fitted.inputs[index], input.feature), table, rows, encoded, offset, stride);
    offset += input.width;
  });
  return encoded;
}

/**
 * What the network should put out for the rows at `indices` (default: all): n × `target.width`. CATEGORY one-hot,
 * BINARY 0 or 1, NUMBER and VECTOR z-scored where the target's scaling says so.
 */
export function encodeTarget(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  table: Table,
  indices?: ArrayLike<number>,
): Float32Array {
  const rows = rowsOf(table, indices);
  const { target } = model;
  const encoded = new Float32Array(rows.length * target.width);
  encodeColumn(target, fittedOf(fitted.target, target.feature), table, rows, encoded, 0, target.width);
  return encoded;
}

/**
 * The network's outputs for `n` rows (n × `target.width`) in the target's own unit. In float64, so that a target far
 * from zero keeps its digits. Probabilities (CATEGORY, BINARY) and unscaled targets come back as they are.
 */
export function decodeOutputs(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  outputs: Float32Array,
  n: number,
): Float64Array {
  const { target } = model;
  if (outputs.length !== n * target.width) {
    throw new PlatformError("BAD_INPUT", `outputs holds ${outputs.length} numbers, not ${n} × ${target.width}.`);
  }
  const decoded = Float64Array.from(outputs);
  const scaling = fittedOf(fitted.target, target.feature);
  if (scaling.method !== "Z_SCORE") return decoded;
  const groups = scaling.mean.length;
  for (let i = 0; i < decoded.length; i++) {
    const group = i % groups;
    decoded[i] = (decoded[i] ?? 0) * (scaling.standardDeviation[group] ?? 1) + (scaling.mean[group] ?? 0);
  }
  return decoded;
}

function targetMethod(target: ModelTarget): FittedScaling["method"] {
  return target.type === "CATEGORY" ? "ONE_HOT" : target.scaling;
}

export function groupCount(field: { type: string; shape: number[] }): number {
  return field.type === "IMAGE" ? (field.shape.at(-1) ?? 1) : featureWidth(field);
}

export function fittedOf(scaling: ({ feature: string } & FittedScaling) | undefined, feature: string): FittedScaling {
  if (scaling?.feature === feature) return scaling;
  throw new PlatformError("BAD_INPUT", `The fitted preprocessing is another model's: it lacks feature "${feature}".`);
}

function rowsOf(table: Table, indices: ArrayLike<number> | undefined): ArrayLike<number> {
  if (!indices) return Uint32Array.from({ length: table.rowCount }, (_, row) => row);
  assertRowIndices(table, indices);
  return indices;
}

function assertIds(input: ModelInput, below: number, table: Table, rows: ArrayLike<number>): void {
  const column = columnOf(table, { name: input.feature, shape: input.shape });
  const width = featureWidth(input);
  for (let row = 0; row < rows.length; row++) {
    for (let element = 0; element < width; element++) {
      const id = column[(rows[row] ?? 0) * width + element] ?? -1;
      if (Number.isInteger(id) && id >= 0 && id < below) continue;
      const wanted = `the embedding layer takes whole numbers from 0 to ${below - 1}`;
      throw new PlatformError("BAD_INPUT", `rows[${row}]: feature "${input.feature}" holds ${id}; ${wanted}.`);
    }
  }
}

function encodeColumn(
  field: ModelInput | ModelTarget,
  scaling: FittedScaling,
  table: Table,
  rows: ArrayLike<number>,
  encoded: Float32Array,
  offset: number,
  stride: number,
): void {
  const column = columnOf(table, { name: field.feature, shape: field.shape });
  if (scaling.method === "ONE_HOT" || scaling.method === "ORDINAL") {
    for (let row = 0; row < rows.length; row++) {
      const code = column[rows[row] ?? 0] ?? -1;
      if (code < 0 || code >= field.categories.length) {
        throw new PlatformError("BAD_INPUT", `Feature "${field.feature}" has category ${code}, unknown to the model.`);
      }
      if (scaling.method === "ONE_HOT") encoded[row * stride + offset + code] = 1;
      else encoded[row * stride + offset] = code;
    }
    return;
  }
  const width = featureWidth(field);
  const { center, scale, unit } = affine(scaling, groupCount(field));
  const groups = center.length;
  for (let row = 0; row < rows.length; row++) {
    const from = (rows[row] ?? 0) * width;
    const to = row * stride + offset;
    for (let element = 0; element < width; element++) {
      const group = element % groups;
      const value = (column[from + element] ?? 0) / unit;
      encoded[to + element] = (value - (center[group] ?? 0)) / (scale[group] ?? 1);
    }
  }
}

/** Encoded = (value / unit - center) / scale. The unit is 4 where statistics are so large that a difference of two values
 * could overflow, and 1 otherwise. */
export function affine(scaling: FittedScaling, groups: number): { center: number[]; scale: number[]; unit: number } {
  const [low, high] =
    scaling.method === "Z_SCORE"
      ? [scaling.mean, scaling.standardDeviation]
      : scaling.method === "MIN_MAX"
        ? [scaling.minimum, scaling.maximum]
        : [new Array<number>(groups).fill(0), new Array<number>(groups).fill(1)];
  const unit = [...low, ...high].some((value) => Math.abs(value) > 2 ** 1020) ? 4 : 1;
  const center = low.map((value) => value / unit);
  const scale = high.map((value, group) => value / unit - (scaling.method === "MIN_MAX" ? (center[group] ?? 0) : 0));
  return { center, scale: scale.map((value) => value || 1), unit };
}
