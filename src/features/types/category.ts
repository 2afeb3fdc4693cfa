import { PlatformError } from "../../errors.js";
import { readText } from "../../language/fields/fields.js";
import { limits } from "../../language/fields/limits.js";
import { count, listed, shown } from "../../language/fields/wording.js";
import { otherCode } from "../../language/models/input-width.js";
import type { ModelInput } from "../../language/models/model.js";
import { allListed } from "../../language/models/prediction.js";
import { arrivingCodes, isFull } from "../values/arriving-categories.js";
import { categoryCodes } from "../values/category-codes.js";
import { classOf } from "../values/classes.js";
import { columnOf } from "../values/column.js";
import type { Destination, Rows } from "../values/encoding.js";
import { largest } from "../values/largest.js";
import { columnScaling, type FittedScaling } from "../values/scaling.js";
import type { Numbers, TargetCodec, ValueForm } from "./codec.js";
import { writeNumbers } from "./number.js";

/** The length of a category that none has declared. */
const anyCategory = { min: 1, max: limits.categoryLength };

/** Whether any text is a value: the dataset's list grows, or what a model does not know counts as OTHER. */
function takesAny({ categories, unseen }: ValueForm): boolean {
  return unseen === "OTHER" || arrivingCodes(categories) !== undefined;
}

/**
 * CATEGORY: a string, as its index into the feature's list; behind the list, what counts as OTHER. Files and digests hold
 * the strings.
 */
export const category: TargetCodec = {
  expected: (feature) =>
    takesAny(feature)
      ? `a text of 1 to ${limits.categoryLength} characters`
      : `one of ${listed(feature.categories, "or")}`,
  check(feature) {
    if (takesAny(feature))
      return (at, key, value) => {
        if (readText(at, key, value, anyCategory) === "") return false;
        if (!isFull(feature.categories)) return true;
        const most = count(limits.datasetCategories);
        at.add("TOO_LONG", `has more than ${most} categories; declare it as TEXT, or leave it out.`, key);
        return false;
      };
    const { categories } = feature;
    const codes = categoryCodes(categories);
    return (at, key, value) => {
      if (typeof value === "string" && codes(value) !== undefined) return true;
      const code = typeof value === "string" ? "UNKNOWN_CATEGORY" : "BAD_TYPE";
      at.add(code, () => `must be one of ${listed(categories, "or")}, got ${shown(value)}.`, key);
      return false;
    };
  },
  store: { form: "NUMBERS", isList: false, numbers: codesOf },
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeCodes,
  fitTarget: () => ({ method: "ONE_HOT" }),
  encodeTarget: encodeCodes,
  unknownFrom: (field) => (field.unseen === "OTHER" ? undefined : field.categories.length),
  decode({ categories }, outputs, start, most = allListed, rule) {
    const best = classOf(outputs, start, categories.length, rule);
    const probabilityOf = (code: number) => outputs[start + code] ?? 0;
    const listed =
      categories.length <= allListed
        ? categories.map((_, code) => code)
        : largest(categories.length, most, probabilityOf);
    const probabilities = listed.map((code) => ({
      category: categories[code] ?? "",
      probability: probabilityOf(code),
    }));
    return { value: categories[best] ?? "", probabilities };
  },
};

/** Prepared once for each list, with OTHER and without: rows that are predicted come one by one. */
const prepared = {
  OTHER: new WeakMap<readonly string[], Numbers>(),
  REFUSE: new WeakMap<readonly string[], Numbers>(),
};

function codesOf({ categories, unseen }: ValueForm): Numbers {
  const lists = prepared[unseen === "OTHER" ? unseen : "REFUSE"];
  const known = lists.get(categories);
  if (known !== undefined) return known;
  const codes = arrivingCodes(categories) ?? categoryCodes(categories);
  const other = otherCode({ categories, unseen });
  const codeOf = (value: unknown) => (typeof value === "string" ? (codes(value) ?? other) : undefined);
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
  lists.set(categories, numbers);
  return numbers;
}

/** Codes one-hot, or as they are. */
function encodeCodes(
  { feature, shape, categories, unseen }: Pick<ModelInput, "feature" | "shape" | "categories" | "unseen">,
  { method }: FittedScaling,
  { table, indices }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  const column = columnOf(table, { name: feature, shape });
  const other = unseen === "OTHER" ? categories.length : -1;
  for (let row = 0; row < indices.length; row++) {
    let code = column[indices[row] ?? 0] ?? -1;
    // The dataset's list has grown behind the model's.
    if (code >= categories.length && other >= 0) code = other;
    if (code < 0 || (code >= categories.length && code !== other)) {
      throw new PlatformError("BAD_INPUT", `Feature "${feature}" has category ${code}, unknown to the model.`);
    }
    if (method === "ONE_HOT") encoded[row * stride + offset + code] = 1;
    else encoded[row * stride + offset] = code;
  }
}
