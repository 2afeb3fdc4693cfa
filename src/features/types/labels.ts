import { PlatformError } from "../../errors.js";
import { limits } from "../../language/fields/limits.js";
import { count, listed, shown } from "../../language/fields/wording.js";
import { allListed } from "../../language/models/prediction.js";
import { arrivingCodes } from "../values/arriving-categories.js";
import { trueAbove } from "../values/classes.js";
import { sequencesOf } from "../values/column.js";
import type { Destination, Rows } from "../values/encoding.js";
import { largest } from "../values/largest.js";
import { fitScaling } from "../values/scaling.js";
import { labelSpelling, spelledLabels } from "../values/spellings.js";
import { category } from "./category.js";
import type { NumberStore, SequenceStore, TargetCodec, ValueForm } from "./codec.js";

/** A label as a category: one that the model does not know, and ignores, has the code behind the list. */
const asCategory = ({ categories, shape, unseen }: ValueForm): ValueForm => ({
  ...{ categories, shape },
  ...(unseen === "IGNORE" && { unseen: "OTHER" as const }),
});

const labelStore: NumberStore = {
  ...category.store,
  numbers: (feature) => category.store.numbers(asCategory(feature)),
};

/** LABELS: a list of different strings, which may be empty, as their indices in the feature's list. */
export const labels: TargetCodec<SequenceStore> = {
  expected: (feature) => {
    const isAny = feature.unseen === "IGNORE" || arrivingCodes(feature.categories) !== undefined;
    return isAny ? "a list of different texts" : `a list of ${listed(feature.categories, "or")}`;
  },
  check(feature) {
    const checkLabel = category.check(asCategory(feature));
    return (at, key, value) => {
      if (!Array.isArray(value)) {
        at.add("BAD_TYPE", () => `must be ${labels.expected(feature)}, got ${shown(value)}.`, key);
        return false;
      }
      if (value.length > limits.categories) {
        const most = count(limits.categories);
        at.add("TOO_LONG", () => `must have at most ${most} labels, got ${count(value.length)}.`, key);
        return false;
      }
      const inner = at.at(key);
      const seen = new Set<unknown>();
      for (let index = 0; index < value.length; index++) {
        if (!checkLabel(inner, index, value[index])) return false;
        if (seen.has(value[index])) {
          inner.add("DUPLICATE", () => `${shown(value[index])} is already in the list.`, index);
          return false;
        }
        seen.add(value[index]);
      }
      return true;
    };
  },
  spelled: (_feature, spelling) => (text) => spelledLabels(text, spelling),
  spellingOf: labelSpelling,
  store: { form: "SEQUENCES", elements: () => labelStore },
  fit: (input, rows) => fitScaling(input.preprocessing, rows.semantics, () => []),
  encode: encodeLabels,
  fitTarget: () => ({ method: "NONE" }),
  encodeTarget: (target, _fitted, rows, destination) => encodeLabels(target, undefined, rows, destination),
  unknownFrom: (field) => (field.unseen === "IGNORE" ? undefined : field.categories.length),
  makesIds: () => true,
  decode({ categories }, outputs, start, most = allListed) {
    const probabilityOf = (code: number) => outputs[start + code] ?? 0;
    const told =
      categories.length <= allListed
        ? categories.map((_, code) => code)
        : largest(categories.length, most, probabilityOf);
    return {
      value: categories.filter((_, code) => probabilityOf(code) > trueAbove),
      probabilities: told.map((code) => ({ category: categories[code] ?? "", probability: probabilityOf(code) })),
    };
  },
};

/** A 1 at the place of every label that a row has. */
function encodeLabels(
  { feature, categories, unseen }: ValueForm & { feature: string },
  _fitted: unknown,
  { table, indices }: Rows,
  { encoded, offset, stride }: Destination,
): void {
  const { offsets, values } = sequencesOf(table, { name: feature, shape: [] });
  for (let row = 0; row < indices.length; row++) {
    const from = indices[row] ?? 0;
    for (let element = offsets[from] ?? 0; element < (offsets[from + 1] ?? 0); element++) {
      const code = values[element] ?? -1;
      if (code >= 0 && code < categories.length) encoded[row * stride + offset + code] = 1;
      else if (unseen !== "IGNORE")
        throw new PlatformError("BAD_INPUT", `Feature "${feature}" has label ${code}, unknown to the model.`);
    }
  }
}
