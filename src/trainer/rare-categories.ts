import { randomKey, uniform } from "../engine/tensors/random.js";
import { columnOf, type Table } from "../features/table.js";
import { otherCode } from "../language/models/input-width.js";
import type { ModelSpec } from "../language/models/model.js";

/** Replaces categories by OTHER in an encoded batch [count, width], in place, before the step with this number. */
export type ReplaceRare = (batch: { x: Float32Array; count: number }, step: number) => void;

/** One input whose categories are replaced. */
interface Replaced {
  /** Where its numbers begin in a row. */
  offset: number;
  isOneHot: boolean;
  other: number;
  /** Of each category: in how many of all cases it is replaced. */
  shares: Float64Array;
  key: ReturnType<typeof randomKey>;
}

/**
 * What a model learns about categories that it has never seen. In each step, a category that n training rows have is OTHER
 * with the probability 1 / (n + 1): about once per epoch for each category, whether it is rare or not, so that OTHER
 * becomes what a category drawn from all categories means. (Replacing rare words is how parsers learn unknown ones:
 * Kiperwasser and Goldberg, "Simple and accurate dependency parsing", 2016.)
 *
 * The numbers drawn follow from the seed, the feature and the step, so a resumed run draws the same.
 *
 * @param rows the training rows of the table.
 * @returns undefined for a model without such inputs.
 */
export function rareCategories(
  { inputs }: Pick<ModelSpec, "inputs">,
  table: Table,
  rows: ArrayLike<number>,
  seed: number,
): ReplaceRare | undefined {
  const replaced: Replaced[] = [];
  let width = 0;
  for (const input of inputs) {
    const offset = width;
    width += input.width;
    const other = otherCode(input);
    if (other === undefined) continue;
    const counts = new Float64Array(other);
    const codes = columnOf(table, { name: input.feature, shape: input.shape });
    for (let index = 0; index < rows.length; index++) {
      const code = codes[rows[index] as number] as number;
      if (code < other) counts[code] = (counts[code] as number) + 1;
    }
    const shares = counts.map((count) => 1 / (count + 1));
    const key = randomKey(seed, `unseen ${input.feature}`);
    replaced.push({ offset, isOneHot: input.preprocessing === "ONE_HOT", other, shares, key });
  }
  if (replaced.length === 0) return undefined;
  return ({ x, count }, step) => {
    for (const { offset, isOneHot, other, shares, key } of replaced) {
      const drawn = uniform({ ...key, step }, count);
      for (let row = 0; row < count; row++) {
        const place = row * width + offset;
        const code = isOneHot ? x.subarray(place, place + other).indexOf(1) : (x[place] as number);
        if (!(code >= 0 && code < other && (drawn[row] as number) < (shares[code] as number))) continue;
        if (isOneHot) {
          x[place + code] = 0;
          x[place + other] = 1;
        } else x[place] = other;
      }
    }
  };
}
