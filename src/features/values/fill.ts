import { PlatformError } from "../../errors.js";
import { describedType } from "../../language/datasets/feature-types.js";
import { hasIndicator, missingCode, otherCode } from "../../language/models/input-width.js";
import type { ModelInput } from "../../language/models/model.js";
import { type Columns, columnOf, featureWidth } from "./column.js";
import type { Destination, Rows } from "./encoding.js";
import { columnStatistics } from "./statistics.js";

/** What takes the place of a missing value: the stored numbers of one row, or the text of a category. */
export type Fill = number[] | string;

/**
 * What takes the place of the input's missing values, by the rows at `indices` (at least one), which have a value.
 * Undefined where nothing does: a category of its own, an empty text or sequence, or rows that are not used.
 */
export function fitFill(input: ModelInput, { table, indices }: Rows): Fill | undefined {
  const { missing, feature, shape, categories, idsBelow } = input;
  const width = featureWidth(input);
  switch (missing?.method) {
    case "CONSTANT":
      return typeof missing.value === "string" ? missing.value : new Array<number>(width).fill(missing.value ?? 0);
    case "MEAN": {
      const statistics = columnStatistics(columnOf(table, { name: feature, shape }), width, width, indices);
      return statistics.map(({ mean }) => mean);
    }
    case "MOST_FREQUENT": {
      const modes = seriesOf(input, table, indices).map(mostFrequent);
      return categories.length > 0 ? (categories[modes[0] ?? 0] ?? "") : modes;
    }
    case "INDICATOR":
      if (missingCode(input) !== undefined) return undefined;
      // Classes have no median.
      return describedType(input.type).target?.classes ? [0] : medians();
    case "MEDIAN":
      return medians();
    default:
      return undefined;
  }

  function medians(): number[] {
    // Between two ids there may be none.
    return seriesOf(input, table, indices).map((series) => median(series, idsBelow !== undefined));
  }
}

/** The numbers of each place of a row, over all rows. */
function seriesOf({ feature, shape }: ModelInput, table: Columns, indices: ArrayLike<number>): Float64Array[] {
  const column = columnOf(table, { name: feature, shape });
  const width = featureWidth({ shape });
  return Array.from({ length: width }, (_, element) =>
    Float64Array.from(indices, (row) => column[row * width + element] as number),
  );
}

function median(series: Float64Array, isOneOfThem: boolean): number {
  const sorted = series.sort();
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)] ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0];
  // Halved first: the sum of two large numbers overflows.
  return isOneOfThem || low === high ? low : low / 2 + high / 2;
}

/** Of equally frequent numbers the least. */
function mostFrequent(series: Float64Array): number {
  const sorted = series.sort();
  let [best, longest] = [sorted[0] ?? 0, 0];
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to] === sorted[from]) to++;
    if (to - from > longest) [best, longest] = [sorted[from] as number, to - from];
    from = to;
  }
  return best;
}

/** The column of a table with one row, which holds what takes the place of missing values. */
export function fillColumn(input: ModelInput, fill: Fill): Float64Array {
  if (typeof fill !== "string") return Float64Array.from(fill);
  const code = input.categories.indexOf(fill);
  const known = code < 0 ? otherCode(input) : code;
  if (known !== undefined) return Float64Array.of(known);
  const message = `Feature "${input.feature}": the model does not know ${JSON.stringify(fill)}, which takes the place of missing values.`;
  throw new PlatformError("BAD_INPUT", message);
}

/**
 * What the network takes of a row whose value is missing: the encoded fill and the indicator, or the category of its own.
 * @param encode the codec's, which writes what the network takes of a value.
 */
export function encodedFill(
  input: ModelInput,
  fill: Fill | undefined,
  encode: (rows: Rows, destination: Destination) => void,
): Float32Array | undefined {
  const encoded = new Float32Array(input.width);
  const code = missingCode(input);
  if (code !== undefined) {
    if (input.preprocessing === "ONE_HOT") encoded[code] = 1;
    else encoded[0] = code;
    return encoded;
  }
  if (fill === undefined) return undefined;
  const table: Columns = { rowCount: 1, columns: new Map([[input.feature, fillColumn(input, fill)]]) };
  encode({ table, indices: [0] }, { encoded, offset: 0, stride: input.width });
  if (hasIndicator(input)) encoded[input.width - 1] = 1;
  return encoded;
}
