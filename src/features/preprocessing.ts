import { PlatformError } from "../errors.js";
import type { ModelInput, ModelSpec, ModelTarget } from "../language/models/model.js";
import { cyclesOf } from "./calendar.js";
import { type Destination, encodeIds, encodeSequence } from "./encode-elements.js";
import type { FittedPreprocessing } from "./fit-preprocessing.js";
import { foreignIds, idRule } from "./ids.js";
import { affine, type FittedScaling, groupCount, secondsOf } from "./scaling.js";
import { assertRowIndices, columnOf, featureWidth, type Table } from "./table.js";

export { type FittedPreprocessing, fitPreprocessing } from "./fit-preprocessing.js";
export { affine, type FittedScaling, groupCount } from "./scaling.js";

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
    assertIds(input, table, rows);
    encodeInput(input, fittedOf(fitted.inputs[index], input.feature), table, rows, { encoded, offset, stride });
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
  const destination = { encoded, offset: 0, stride: target.width };
  encodeColumn(target, fittedOf(fitted.target, target.feature), table, rows, destination);
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

export function fittedOf(scaling: ({ feature: string } & FittedScaling) | undefined, feature: string): FittedScaling {
  if (scaling?.feature === feature) return scaling;
  throw foreign(feature);
}

function foreign(feature: string): PlatformError {
  return new PlatformError("BAD_INPUT", `The fitted preprocessing is another model's: it lacks feature "${feature}".`);
}

function rowsOf(table: Table, indices: ArrayLike<number> | undefined): ArrayLike<number> {
  if (!indices) return Uint32Array.from({ length: table.rowCount }, (_, row) => row);
  assertRowIndices(table, indices);
  return indices;
}

function assertIds(input: ModelInput, table: Table, rows: ArrayLike<number>): void {
  const foreignId = foreignIds(input, table);
  if (!foreignId) return;
  for (let row = 0; row < rows.length; row++) {
    const id = foreignId(rows[row] ?? 0);
    if (id === undefined) continue;
    const message = `rows[${row}]: feature "${input.feature}" holds ${id}, and must ${idRule(input.idsBelow ?? 0)}.`;
    throw new PlatformError("BAD_INPUT", message);
  }
}

function encodeInput(
  input: ModelInput,
  scaling: FittedScaling,
  table: Table,
  rows: ArrayLike<number>,
  destination: Destination,
): void {
  const { type, feature } = input;
  if (type === "TEXT" || (type === "SEQUENCE" && input.categories.length > 0)) {
    const tokens = scaling.method === "VOCABULARY" || scaling.method === "HASHING" ? scaling : undefined;
    if (type === "TEXT" && !tokens) throw foreign(feature);
    encodeIds(input, tokens, table, rows, destination);
  } else if (type === "SEQUENCE") {
    encodeSequence(input, affine(scaling, featureWidth(input)), table, rows, destination);
  } else if (type === "TIMESTAMP") {
    encodeInstants(input, scaling, table, rows, destination);
  } else encodeColumn(input, scaling, table, rows, destination);
}

function encodeInstants(
  input: ModelInput,
  scaling: FittedScaling,
  table: Table,
  rows: ArrayLike<number>,
  { encoded, offset, stride }: Destination,
): void {
  const column = columnOf(table, { name: input.feature, shape: [] });
  const { center, scale } = affine(scaling, 1);
  for (let row = 0; row < rows.length; row++) {
    const seconds = secondsOf(column[rows[row] ?? 0] ?? 0);
    const start = row * stride + offset;
    encoded[start] = (seconds - (center[0] ?? 0)) / (scale[0] ?? 1);
    if (scaling.method === "CALENDAR") encoded.set(cyclesOf(seconds), start + 1);
  }
}

function encodeColumn(
  field: ModelInput | ModelTarget,
  scaling: FittedScaling,
  table: Table,
  rows: ArrayLike<number>,
  { encoded, offset, stride }: Destination,
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
