import { PlatformError } from "../../errors.js";
import { elementCount } from "./initializers.js";

/** A part of some rows that one program of a fixed batch size takes; `count` < `size` where it is padded. */
export interface Batch {
  start: number;
  count: number;
  size: number;
}

/**
 * Splits rows into batches of the sizes given in ascending order: as many of the largest as there are, then the
 * smallest that holds the rest. So few programs are needed, and little is computed for padding.
 */
export function batchesOf(rows: number, sizes: readonly [number, ...number[]]): Batch[] {
  const largest = sizes.at(-1) as number;
  const batches: Batch[] = [];
  for (let start = 0; start < rows; ) {
    const left = rows - start;
    const size = sizes.find((candidate) => candidate >= left) ?? largest;
    const count = Math.min(left, size);
    batches.push({ start, count, size });
    start += count;
  }
  return batches;
}

/** The rows of a batch out of row-major `values` with `width` numbers a row, padded with zeros to the batch's size. */
export function rowsOf(values: Float32Array, width: number, batch: Batch): Float32Array {
  const part = values.subarray(batch.start * width, (batch.start + batch.count) * width);
  if (batch.count === batch.size) return part;
  const padded = new Float32Array(batch.size * width);
  padded.set(part);
  return padded;
}

/** 1 for each of the first `count` rows and 0 for the padding. */
export function presence(batch: Batch): Float32Array {
  return new Float32Array(batch.size).fill(1, 0, batch.count);
}

/** @throws PlatformError BAD_INPUT unless `values` holds exactly `rows` rows of that shape. */
export function checkRows(name: string, values: Float32Array, rows: number, shape: readonly number[]): void {
  const size = rows * elementCount(shape);
  if (values.length === size) return;
  throw new PlatformError(
    "BAD_INPUT",
    `"${name}" needs ${size} numbers for ${rows} rows of shape [${shape.join(", ")}], not ${values.length}.`,
  );
}
