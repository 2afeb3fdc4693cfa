import { shown } from "../../language/fields/wording.js";
import { columnScaling, encodeScaled } from "../values/scaling.js";
import { spelledList } from "../values/spellings.js";
import type { Check, NumberStore, Numbers, TargetCodec } from "./codec.js";
import { checkNumber, doubles, writeNumbers } from "./number.js";

/** The pixels of a decoded image file. */
export type Pixels = Uint8Array;

export function isPixels(value: unknown): value is Pixels {
  return value instanceof Uint8Array;
}

/** A list of numbers per row. */
export const numberLists: NumberStore = {
  form: "NUMBERS",
  isList: true,
  numbers: () => lists,
};

const lists: Numbers = {
  write(value, column, position) {
    if (isPixels(value)) return writePixels(value, column, position);
    return Array.isArray(value) ? writeNumbers(value, column, position) : -1;
  },
  read: (column, position, width) => Array.from(column.subarray(position, position + width)),
  fits: Number.isFinite,
  file: doubles,
};

const wanted = (length: number | undefined) => `a list of ${length} numbers`;

/** VECTOR: a list of `shape[0]` numbers. */
export const vector: TargetCodec = {
  expected: ({ shape }) => wanted(shape[0]),
  check: ({ shape }) => {
    const expected = () => wanted(shape[0]);
    return (at, key, value) => checkNumbers(at, key, value, shape, expected);
  },
  spelled: () => spelledList,
  store: numberLists,
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeScaled,
  holdsNumbers: () => true,
  fitTarget: (target, rows) => columnScaling(target, target.scaling, rows),
  encodeTarget: encodeScaled,
  decode: ({ width }, outputs, start) => ({
    value: Array.from(outputs.subarray(start, start + width)),
    probabilities: null,
  }),
};

/**
 * Checks nested lists of numbers, or pixels, against a shape from its axis `axis` on. Stops at the first fault: a wrong
 * image could have a million.
 */
export function checkNumbers(
  at: Parameters<Check>[0],
  key: string | number,
  value: unknown,
  shape: readonly number[],
  expected: () => string,
  axis = 0,
): boolean {
  const length = shape[axis];
  if (length === undefined) return checkNumber(at, key, value);
  if (!Array.isArray(value) && !isPixels(value)) {
    at.add("BAD_TYPE", () => `must be ${expected()}, got ${shown(value)}.`, key);
  } else if (value.length !== length) {
    at.add("SHAPE_MISMATCH", () => `must have ${length} entries of ${expected()}, got ${value.length}.`, key);
  } else if (isPixels(value)) return true;
  else {
    const inner = at.at(key);
    // By index: `every` would skip the holes of a sparse list.
    for (let index = 0; index < length; index++) {
      if (!checkNumbers(inner, index, value[index], shape, expected, axis + 1)) return false;
    }
    return true;
  }
  return false;
}

/** Answers -1 for pixels beyond the end of the column. */
function writePixels(pixels: Pixels, column: Float64Array | Uint8Array, position: number): number {
  if (position + pixels.length > column.length) return -1;
  column.set(pixels, position);
  return position + pixels.length;
}
