import { predictionBatchSizes } from "../engine/programs/prediction-batches.js";
import { featureWidth } from "../features/table.js";
import { describedType } from "../language/datasets/feature-types.js";
import type { Layer } from "../language/layers/layer.js";
import { parameterCount } from "../language/layers/parameters.js";
import type { ModelInput, ModelSpec } from "../language/models/model.js";
import { sliceLimits } from "./limits.js";

/** Rows of a prediction that are computed together: from `start` (inclusive) to `end` (exclusive). */
export interface Slice {
  start: number;
  end: number;
}

/**
 * The number of rows in a slice of a model: the largest batch size of the engine within `sliceLimits`. For most models this is
 * the largest batch size, so rows are computed in the same batches as without slices. It depends on the model alone, not on
 * any speed, so the same request gets the same answer bit for bit.
 */
export function rowsPerSlice({ inputs, layers }: Pick<ModelSpec, "inputs" | "layers">): number {
  const numbers = inputs.filter((input) => !isOpenEnded(input)).reduce((sum, input) => sum + featureWidth(input), 0);
  const multiplications = layers.reduce((sum, layer) => sum + parameterCount([layer]) * positions(layer), 0);
  const fits = (rows: number) =>
    rows * numbers <= sliceLimits.numbers && rows * multiplications <= sliceLimits.multiplications;
  return [...predictionBatchSizes].reverse().find(fits) ?? 1;
}

/** How often a layer uses each of its parameters for one row: once per position of an image or sequence. */
function positions({ inputShape, outputShape }: Layer): number {
  const count = (shape: readonly number[]) => shape.slice(0, -1).reduce((product, length) => product * length, 1);
  return Math.max(count(inputShape), count(outputShape));
}

const isOpenEnded = ({ type }: ModelInput) => describedType(type).elements !== undefined;

/** The slices of rows, which may be any JSON, in order. */
export function* slicesOf(model: Pick<ModelSpec, "inputs">, most: number, rows: readonly unknown[]): Generator<Slice> {
  const openEnded = model.inputs.filter(isOpenEnded).map(({ feature }) => feature);
  for (let start = 0; start < rows.length; ) {
    let end = start;
    for (let elements = 0; end < Math.min(start + most, rows.length); end++) {
      for (const feature of openEnded) elements += lengthOf(rows[end], feature);
      if (end > start && elements > sliceLimits.elements) break;
    }
    yield { start, end };
    start = end;
  }
}

function lengthOf(row: unknown, feature: string): number {
  if (typeof row !== "object" || row === null || !Object.hasOwn(row, feature)) return 0;
  const value = (row as Record<string, unknown>)[feature];
  return typeof value === "string" || Array.isArray(value) ? value.length : 0;
}
