import { PlatformError } from "../../errors.js";
import { limits } from "../../language/fields/limits.js";
import { count, listed, shown } from "../../language/fields/wording.js";
import type { ModelInput } from "../../language/models/model.js";
import { featureWidth, sequencesOf } from "../values/column.js";
import { encodeIds, encodeSequence } from "../values/encode-elements.js";
import type { Rows } from "../values/encoding.js";
import { affine, fitScaling } from "../values/scaling.js";
import { spelledList } from "../values/spellings.js";
import { columnStatistics, type Statistics } from "../values/statistics.js";
import { category } from "./category.js";
import type { Codec, TargetCodec, ValueForm } from "./codec.js";
import { number } from "./number.js";
import { vector } from "./vector.js";

const isOfCategories = ({ categories }: ValueForm) => categories.length > 0;

/** SEQUENCE: a list, which may be empty, of numbers, of lists of `shape[0]` numbers or of declared categories. */
export const sequence: Codec = {
  expected,
  check(feature) {
    const most = limits.elements / (feature.shape[0] ?? 1);
    const checkElement = elementsOf(feature).check(feature);
    return (at, key, value) => {
      if (!Array.isArray(value)) {
        at.add("BAD_TYPE", () => `must be ${expected(feature)}, got ${shown(value)}.`, key);
        return false;
      }
      if (value.length > most) {
        const message = () => `must have at most ${count(Math.floor(most))} entries, got ${count(value.length)}.`;
        at.add("TOO_LONG", message, key);
        return false;
      }
      const inner = at.at(key);
      for (let index = 0; index < value.length; index++) if (!checkElement(inner, index, value[index])) return false;
      return true;
    };
  },
  spelled: () => spelledList,
  store: { form: "SEQUENCES", elements: (feature) => elementsOf(feature).store },
  fit: (input, rows) => fitScaling(input.preprocessing, rows.semantics, () => elementStatistics(input, rows)),
  encode(input, fitted, rows, destination) {
    if (isOfCategories(input)) encodeIds(input, undefined, codesOf(input, rows.table), rows.indices, destination);
    else encodeSequence(input, affine(fitted, featureWidth(input)), rows, destination);
  },
  holdsNumbers: (field) => !isOfCategories(field),
  makesIds: isOfCategories,
};

/** The codec of the elements. */
function elementsOf(feature: ValueForm): TargetCodec {
  if (isOfCategories(feature)) return category;
  return feature.shape.length === 0 ? number : vector;
}

function expected({ categories, shape }: ValueForm): string {
  if (categories.length > 0) return `a list of ${listed(categories, "or")}`;
  return shape.length === 0 ? "a list of numbers" : `a list of lists of ${shape[0]} numbers`;
}

/** The ids of a row's categories: from 1 on, 0 being padding. */
function codesOf({ feature, categories }: ModelInput, table: Rows["table"]): (row: number) => number[] {
  const { offsets, values } = sequencesOf(table, { name: feature, shape: [] });
  return (row) =>
    Array.from(values.subarray(offsets[row], offsets[row + 1]), (code) => {
      if (categories[code] !== undefined) return code + 1;
      throw new PlatformError("BAD_INPUT", `Feature "${feature}" has category ${code}, unknown to the model.`);
    });
}

/** Over the elements of all rows; of none at all, zeros. */
function elementStatistics(input: ModelInput, { table, indices }: Rows): Statistics[] {
  const width = featureWidth(input);
  const { offsets, values } = sequencesOf(table, { name: input.feature, shape: input.shape });
  const bounds = Array.from(indices, (row): [number, number] => [offsets[row] ?? 0, offsets[row + 1] ?? 0]);
  const elements = new Uint32Array(bounds.reduce((sum, [from, to]) => sum + to - from, 0));
  let counted = 0;
  for (const [from, to] of bounds) for (let element = from; element < to; element++) elements[counted++] = element;
  if (elements.length > 0) return columnStatistics(values, width, width, elements);
  return Array.from({ length: width }, () => ({ minimum: 0, maximum: 0, mean: 0, standardDeviation: 0, count: 0 }));
}
