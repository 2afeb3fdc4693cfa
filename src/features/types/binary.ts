import { shown } from "../../language/fields/wording.js";
import { classOf } from "../values/classes.js";
import { columnScaling, encodeScaled } from "../values/scaling.js";
import { spelledBoolean } from "../values/spellings.js";
import type { Numbers, TargetCodec } from "./codec.js";

/** BINARY: true or false, as 1 and 0. */
export const binary: TargetCodec = {
  expected: () => "true or false",
  check: () => (at, key, value) => {
    if (typeof value === "boolean") return true;
    at.add("BAD_TYPE", () => `must be true or false, got ${shown(value)}.`, key);
    return false;
  },
  spelled: () => spelledBoolean,
  store: { form: "NUMBERS", isList: false, numbers: () => numbers },
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeScaled,
  fitTarget: (target, rows) => columnScaling(target, target.scaling, rows),
  encodeTarget: encodeScaled,
  decode(_target, outputs, start, _most, rule) {
    const probability = outputs[start] ?? 0;
    const probabilities = [
      { category: "false", probability: 1 - probability },
      { category: "true", probability },
    ];
    return { value: classOf(outputs, start, 1, rule) === 1, probabilities };
  },
};

const numbers: Numbers = {
  write(value, column, position) {
    if (value !== true && value !== false && value !== 0 && value !== 1) return -1;
    column[position] = Number(value);
    return position + 1;
  },
  read: (column, position) => column[position] === 1,
  fits: (number) => number === 0 || number === 1,
  file: {
    type: "BOOLEAN",
    value: (number) => number === 1,
    number: (value) => (typeof value === "boolean" ? Number(value) : undefined),
    misfit: "is neither true nor false",
  },
};
