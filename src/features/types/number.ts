import { inexactDigits } from "../../language/fields/exact-integers.js";
import { shown } from "../../language/fields/wording.js";
import { middleQuantile } from "../../language/models/target.js";
import { columnScaling, encodeScaled } from "../values/scaling.js";
import { numberBytes } from "../values/spelled-bytes.js";
import { numberSpelling, spelledNumber } from "../values/spellings.js";
import type { Check, FileNumbers, Numbers, TargetCodec } from "./codec.js";

/** NUMBER: a finite number within 32-bit floats, not a string, and no integer that 64-bit floats do not hold. */
export const number: TargetCodec = {
  expected: () => "a finite number",
  check: () => checkNumber,
  spelled: (_feature, spelling) => (text) => spelledNumber(text, spelling),
  spelledBytes: numberBytes,
  spellingOf: numberSpelling,
  store: { form: "NUMBERS", isList: false, numbers: () => numbers },
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeScaled,
  holdsNumbers: () => true,
  fitTarget: (target, rows) => columnScaling(target, target.scaling, rows),
  /** Once for each quantile: every output is compared with the same number. */
  encodeTarget(target, fitted, rows, { encoded, offset, stride }) {
    for (let output = 0; output < target.width; output++)
      encodeScaled(target, fitted, rows, { encoded, offset: offset + output, stride });
  },
  decode({ quantiles }, outputs, start) {
    if (!quantiles) return { value: outputs[start] ?? 0, probabilities: null };
    const output = (place: number) => outputs[start + place] ?? 0;
    return {
      value: output(middleQuantile(quantiles)),
      probabilities: null,
      quantiles: quantiles.map((quantile, place) => ({ quantile, value: output(place) })),
    };
  },
};

export const checkNumber: Check = (at, key, value) => {
  if (inexactDigits(value) !== undefined) {
    const advice = "give a number that they hold, or declare a TEXT feature and give it as text";
    at.add("OUT_OF_RANGE", () => `is ${shown(value)}, which 64-bit floats do not hold exactly: ${advice}.`, key);
  } else if (typeof value !== "number") {
    at.add("BAD_TYPE", () => `must be a finite number, got ${shown(value)}.`, key);
  } else if (!Number.isFinite(Math.fround(value))) {
    at.add("OUT_OF_RANGE", () => `must be a finite number within 32-bit floats, got ${shown(value)}.`, key);
  } else return true;
  return false;
};

/** Writes a number, or nested lists of them one after another; see `Numbers.write`. */
export function writeNumbers(value: unknown, column: Float64Array | Uint8Array, position: number): number {
  if (Array.isArray(value)) {
    let next = position;
    for (const element of value) {
      next = writeNumbers(element, column, next);
      if (next < 0) return -1;
    }
    return next;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) return -1;
  column[position] = value;
  return position + 1;
}

/** Numbers as they are. */
export const doubles: FileNumbers = {
  type: "DOUBLE",
  value: (number) => number,
  number: (value) => (typeof value === "number" && Number.isFinite(value) ? value : undefined),
  misfit: "is not a finite number",
};

const numbers: Numbers = {
  write: writeNumbers,
  read: (column, position) => column[position],
  fits: Number.isFinite,
  file: doubles,
};
