import { PlatformError } from "../errors.js";
import type { ModelSpec } from "../language/models/model.js";
import { columnOf, type Table } from "./table.js";

/**
 * What the loss of each row of a part counts: the row's own weight times, in the training part, that of its class.
 * Undefined where every row counts the same.
 *
 * @param indices the rows of each part; the classes are balanced over the training part.
 * @throws PlatformError BAD_INPUT for a weight that is negative or not finite in 32 bits, with the feature and the row.
 */
export function exampleWeights<Part extends string>(
  model: Pick<ModelSpec, "target" | "classWeights" | "sampleWeight">,
  table: Table,
  indices: Readonly<Record<Part | "train", ArrayLike<number>>>,
  part: Part | "train",
): Float32Array | undefined {
  const own = model.sampleWeight == null ? undefined : columnOf(table, { name: model.sampleWeight, shape: [] });
  const classes = part === "train" ? classWeights(model, table, indices.train) : undefined;
  if (!own && !classes) return undefined;
  const rows = Array.from(indices[part]);
  return Float32Array.from(rows, (row) => {
    const weight = own ? (own[row] as number) : 1;
    if (!isWeight(weight)) {
      const message = `The weight "${model.sampleWeight}" must ${weightRule}, and row ${row} has ${weight}.`;
      throw new PlatformError("BAD_INPUT", message);
    }
    return weight * (classes ? classes(row) : 1);
  });
}

/** What a row's weight must be, as the rest of a sentence, and whether a number is that. */
export const weightRule = "be at least 0 and finite in 32-bit floats";
export const isWeight = (value: number): boolean => value >= 0 && Number.isFinite(Math.fround(value));

/** The weight of the class that a row belongs to. BALANCED: `rows / (classes * rows of the class)` (scikit-learn). */
function classWeights(
  { target, classWeights }: Pick<ModelSpec, "target" | "classWeights">,
  table: Table,
  train: ArrayLike<number>,
): ((row: number) => number) | undefined {
  if (classWeights === undefined || classWeights.type === "NONE") return undefined;
  const codes = columnOf(table, { name: target.feature, shape: target.shape });
  if (classWeights.type === "GIVEN") return (row) => classWeights.weights[codes[row] as number] as number;
  const counts = new Map<number, number>();
  for (let index = 0; index < train.length; index++) {
    const code = codes[train[index] as number] as number;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const classes = counts.size;
  return (row) => train.length / (classes * (counts.get(codes[row] as number) as number));
}
