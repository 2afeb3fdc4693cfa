import { PlatformError } from "../errors.js";
import type { ModelInput, ModelSpec } from "../language/models/model.js";
import type { FittedPreprocessing } from "./fit-preprocessing.js";
import { foreignIds, idRule } from "./ids.js";
import { assertRowIndices, type Table } from "./table.js";
import { codecs } from "./types/codecs.js";
import type { Destination, Rows } from "./values/encoding.js";
import { encodedFill, type Fill } from "./values/fill.js";
import { type FittedScaling, foreign } from "./values/scaling.js";

export { type FittedDecision, type FittedPreprocessing, fitPreprocessing } from "./fit-preprocessing.js";
export { affine, type FittedScaling, groupCount } from "./values/scaling.js";

/**
 * The network's inputs of the rows at `indices` (default: all), row after row: n × the sum of the inputs' widths, in the
 * order of the model's inputs. Values outside float32's range become infinite. Throws `BAD_INPUT` where the table lacks
 * an input, holds a category the model does not know, or what is no id where an embedding layer reads ids.
 *
 * @param into where they are written, over what it holds; default: a new array.
 */
export function encodeInputs(
  model: ModelSpec,
  fitted: FittedPreprocessing,
  table: Table,
  indices?: ArrayLike<number>,
  into?: Float32Array,
): Float32Array {
  const rows = rowsOf(table, indices);
  const stride = model.inputs.reduce((sum, input) => sum + input.width, 0);
  const encoded = into?.fill(0) ?? new Float32Array(rows.length * stride);
  const encodedRows = { table, indices: rows };
  let offset = 0;
  model.inputs.forEach((input, index) => {
    assertIds(input, table, rows);
    const scaling = fittedOf(fitted.inputs[index], input.feature);
    codecs[input.type].encode(input, scaling, encodedRows, { encoded, offset, stride });
    encodeMissing(input, fitted.inputs[index]?.fill, scaling, encodedRows, { encoded, offset, stride });
    offset += input.width;
  });
  return encoded;
}

/** Puts what takes the place of missing values where the codec could write nothing that means something. */
function encodeMissing(
  input: ModelInput,
  fill: Fill | undefined,
  scaling: FittedScaling,
  { table, indices }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  const missing = table.missing?.get(input.feature);
  if (!input.missing || missing === undefined) return;
  const row = encodedFill(input, fill, (rows, place) => codecs[input.type].encode(input, scaling, rows, place));
  if (row === undefined) return;
  for (let index = 0; index < indices.length; index++) {
    if (missing[indices[index] ?? 0] === 1) encoded.set(row, index * stride + offset);
  }
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
  const scaling = fittedOf(fitted.target, target.feature);
  codecs[target.type].encodeTarget(target, scaling, { table, indices: rows }, destination);
  return encoded;
}

/**
 * The network's outputs for `n` rows (n × `target.width`) in the target's own unit. In float64, so that a target far
 * from zero keeps its digits. Probabilities (CATEGORY, BINARY) and unscaled targets come back as they are. Quantiles of a row
 * are sorted, so that they never cross: this never raises the pinball loss (Chernozhukov et al., 2010).
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
  if (target.quantiles) {
    for (let row = 0; row < n; row++) decoded.subarray(row * target.width, (row + 1) * target.width).sort();
  }
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
