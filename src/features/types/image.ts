import { shownShape } from "../../language/fields/wording.js";
import { featureWidth } from "../values/column.js";
import { columnScaling, encodeScaled } from "../values/scaling.js";
import { spelledList } from "../values/spellings.js";
import type { Codec, ValueForm } from "./codec.js";
import { checkNumbers, isPixels, numberLists } from "./vector.js";

/**
 * IMAGE: nested lists of shape [height, width, channels], one flat list of as many numbers in that order, or the `Pixels`
 * that a file has been decoded to; see `features/image-files.ts`.
 */
export const image: Codec = {
  expected,
  check(feature) {
    const { shape } = feature;
    const flat = [featureWidth(feature)];
    const wanted = () => expected(feature);
    return (at, key, value) => {
      const isFlat = isPixels(value) || (Array.isArray(value) && !Array.isArray(value[0]));
      return checkNumbers(at, key, value, isFlat ? flat : shape, wanted);
    };
  },
  spelled: () => spelledList,
  store: { ...numberLists, packsBytes: true },
  fit: (input, rows) => columnScaling(input, input.preprocessing, rows),
  encode: encodeScaled,
  holdsNumbers: () => true,
};

function expected({ shape }: ValueForm): string {
  return `numbers of shape ${shownShape(shape)}`;
}
