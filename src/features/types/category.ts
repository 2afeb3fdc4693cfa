import { PlatformError } from "../../errors.js";
import { listed, shown } from "../../language/fields/wording.js";
import type { ModelInput, ModelTarget } from "../../language/models/model.js";
import { categoryCodes } from "../category-codes.js";
import { classOf } from "../classes.js";
import { columnOf } from "../column.js";
import type { Destination, Rows } from "../encoding.js";
import { columnScaling, type FittedScaling } from "../scaling.js";
import type { Numbers, TargetCodec } from "./codec.js";
import { writeNumbers } from "./number.js";

/** CATEGORY: one of the declared strings, as its index into their list. Files and digests hold the strings. */
export const category: TargetCodec = {
  expected: ({ categories }) => `one of ${listed(categories, "or")}`,
  check({ categories }) {
    const codes = categoryCodes(categories);
    return (at, key, value) => {
      if (typeof value === "string" && codes(value) !== undefined) return true;
      const code = typeof value === "string" ? "UNKNOWN_CATEGORY" : "BAD_TYPE";
      at.add(code, () => `must be one of ${listed(categories, "or")}, got ${shown(value)}.`, key);
      return false;
    };
  },
  store: { form: "NUMBERS", isList: false, numbers: ({ categories }) => codesOf(categories) },
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeCodes,
  fitTarget: () => ({ method: "ONE_HOT" }),
  encodeTarget: encodeCodes,
  decode({ categories }, outputs, start) {
    const best = classOf(outputs, start, categories.length);
    const probabilities = categories.map((name, code) => ({ category: name, probability: outputs[start + code] ?? 0 }));
    return { value: categories[best] ?? "", probabilities };
  },
};

const prepared = new WeakMap<readonly string[], Numbers>();

/** Prepared once for each list: rows that are predicted come one by one. */
function codesOf(categories: readonly string[]): Numbers {
  const known = prepared.get(categories);
  if (known !== undefined) return known;
  const codes = categoryCodes(categories);
  const codeOf = (value: unknown) => (typeof value === "string" ? codes(value) : undefined);
  const numbers: Numbers = {
    write: (value, column, position) => writeNumbers(codeOf(value), column, position),
    read: (column, position) => categories[column[position] ?? -1],
    fits: (code) => categories[code] !== undefined,
    file: {
      type: "VARCHAR",
      value: (code) => categories[code] ?? null,
      number: codeOf,
      misfit: "is not one of the declared categories",
    },
  };
  prepared.set(categories, numbers);
  return numbers;
}

/** Codes one-hot, or as they are. */
function encodeCodes(
  { feature, shape, categories }: ModelInput | ModelTarget,
  { method }: FittedScaling,
  { table, indices }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  const column = columnOf(table, { name: feature, shape });
  for (let row = 0; row < indices.length; row++) {
    const code = column[indices[row] ?? 0] ?? -1;
    if (code < 0 || code >= categories.length) {
      throw new PlatformError("BAD_INPUT", `Feature "${feature}" has category ${code}, unknown to the model.`);
    }
    if (method === "ONE_HOT") encoded[row * stride + offset + code] = 1;
    else encoded[row * stride + offset] = code;
  }
}
