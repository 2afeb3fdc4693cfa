import type { ModelInput } from "../language/models/model.js";
import { columnOf, featureWidth, missingReader, sequencesOf, type Table } from "./table.js";
import { codecs } from "./types/codecs.js";

/** The rest of a sentence "… must …": the rule for numbers that an embedding layer reads as ids. */
export const idRule = (below: number): string => `be a whole number from 0 to ${below - 1} for the embedding layer`;

/**
 * Finds the first number of a row that is no id of the embedding layer that reads the input. Undefined where no embedding
 * layer reads it, or where the platform makes the ids itself: those are within bounds.
 */
export function foreignIds(input: ModelInput, table: Table): ((row: number) => number | undefined) | undefined {
  const { idsBelow: below } = input;
  if (below === undefined || codecs[input.type].makesIds?.(input)) return undefined;
  const spanOfRow = numbersOfRow(input, table);
  const isMissingAt = missingReader(table, input.feature);
  return (row) => (isMissingAt(row) ? undefined : foreignIn(spanOfRow(row), below));
}

function foreignIn(ids: Float64Array, below: number): number | undefined {
  return ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < below));
}

/** The stored numbers of a row of an input that holds numbers; of a SEQUENCE those of all its elements. */
export function numbersOfRow(
  { feature, type, shape }: Pick<ModelInput, "feature" | "type" | "shape">,
  table: Table,
): (row: number) => Float64Array {
  const column = { name: feature, shape };
  const width = featureWidth(column);
  if (codecs[type].store.form !== "SEQUENCES") {
    const numbers = columnOf(table, column);
    return (row) => numbers.subarray(row * width, (row + 1) * width);
  }
  const { offsets, values } = sequencesOf(table, column);
  return (row) => values.subarray((offsets[row] ?? 0) * width, (offsets[row + 1] ?? 0) * width);
}
