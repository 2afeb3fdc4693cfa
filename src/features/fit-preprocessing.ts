import { PlatformError } from "../errors.js";
import type { ModelInput, ModelSpec, ModelTarget } from "../language/models/model.js";
import { currentSemantics, type TrainingSemantics } from "../language/training/training.js";
import { type FittedScaling, groupCount, secondsOf } from "./scaling.js";
import { columnStatistics, type Statistics, spreadOfConstant } from "./statistics.js";
import { assertRowIndices, columnOf, featureWidth, sequencesOf, type Table, textsOf } from "./table.js";
import { type FittedTokens, fitTokens } from "./vocabulary.js";

/** What was learned from the training rows. Plain JSON: it is stored with the version, and `predict` needs nothing else. */
export interface FittedPreprocessing {
  format: 1;
  /** In the order of the model's inputs. */
  inputs: ({ feature: string } & FittedScaling)[];
  target: { feature: string } & FittedScaling;
}

/**
 * Fits the preprocessing of a model's inputs and target on the rows at `trainIndices`, and on no other row.
 * Z_SCORE uses the population's standard deviation, 1 where the training rows are constant; MIN_MAX maps the training
 * rows to [0, 1], a constant to 0. Numbers that differ only by rounding are constant (`spreadOfConstant`).
 *
 * @param semantics of the run: 1 takes only equal numbers for constant.
 * @throws PlatformError EMPTY_SPLIT without training rows.
 */
export function fitPreprocessing(
  model: ModelSpec,
  table: Table,
  trainIndices: ArrayLike<number>,
  semantics: TrainingSemantics = currentSemantics,
): FittedPreprocessing {
  if (trainIndices.length === 0) {
    throw new PlatformError("EMPTY_SPLIT", "The training part of the split holds no rows to fit the preprocessing on.");
  }
  assertRowIndices(table, trainIndices);
  const rows: TrainingRows = { table, trainIndices, semantics };
  return {
    format: 1,
    inputs: model.inputs.map((input) => ({ feature: input.feature, ...fitInput(input, rows) })),
    target: { feature: model.target.feature, ...fitScaling(model.target, targetMethod(model.target), rows) },
  };
}

/** What is fitted on, and how. */
interface TrainingRows {
  table: Table;
  trainIndices: ArrayLike<number>;
  semantics: TrainingSemantics;
}

function fitInput(input: ModelInput, rows: TrainingRows): FittedScaling {
  const { table, trainIndices } = rows;
  const { feature, preprocessing, vectorization } = input;
  if (vectorization) return fitTokens({ ...input, vectorization }, textsOf(table, feature), trainIndices);
  switch (preprocessing) {
    case "Z_SCORE":
    case "MIN_MAX":
    case "CALENDAR":
    case "NONE":
    case "ONE_HOT":
      return fitScaling(input, preprocessing, rows);
    default:
      // What is embedded reaches the network as its code; the vectors are the network's own.
      return { method: "ORDINAL" };
  }
}

function fitScaling(
  field: ModelInput | ModelTarget,
  method: Exclude<FittedScaling, FittedTokens>["method"],
  { table, trainIndices, semantics }: TrainingRows,
): FittedScaling {
  if (method === "ONE_HOT" || method === "ORDINAL" || method === "NONE") return { method };
  const statistics = statisticsOf(field, table, trainIndices);
  const constant = (group: Statistics) => (semantics === 1 ? undefined : spreadOfConstant(group));
  if (method === "MIN_MAX") {
    const minimum = statistics.map((group) => group.minimum);
    const maximum = statistics.map((group) => {
      const spread = constant(group);
      if (spread === undefined) return group.maximum;
      return spread === 1 ? group.minimum : Math.min(group.minimum + spread, Number.MAX_VALUE);
    });
    return { method, minimum, maximum };
  }
  const standardDeviation = statistics.map((group) => constant(group) ?? (group.standardDeviation || 1));
  return { method, mean: statistics.map((group) => group.mean), standardDeviation };
}

function statisticsOf(field: ModelInput | ModelTarget, table: Table, trainIndices: ArrayLike<number>): Statistics[] {
  const { feature, type, shape } = field;
  const width = featureWidth(field);
  if (type !== "SEQUENCE") {
    const column = columnOf(table, { name: feature, shape });
    const numbers = type === "TIMESTAMP" ? column.map(secondsOf) : column;
    return columnStatistics(numbers, width, groupCount(field), trainIndices);
  }
  const { offsets, values } = sequencesOf(table, { name: feature, shape });
  const elements = elementsOf(offsets, trainIndices);
  if (elements.length > 0) return columnStatistics(values, width, width, elements);
  return Array.from({ length: width }, () => ({ minimum: 0, maximum: 0, mean: 0, standardDeviation: 0, count: 0 }));
}

/** The numbers of the elements that the rows hold. */
function elementsOf(offsets: Uint32Array, rows: ArrayLike<number>): Uint32Array {
  const bounds = Array.from(rows, (row): [number, number] => [offsets[row] ?? 0, offsets[row + 1] ?? 0]);
  const elements = new Uint32Array(bounds.reduce((sum, [from, to]) => sum + to - from, 0));
  let count = 0;
  for (const [from, to] of bounds) for (let element = from; element < to; element++) elements[count++] = element;
  return elements;
}

function targetMethod(target: ModelTarget): "ONE_HOT" | ModelTarget["scaling"] {
  return target.type === "CATEGORY" ? "ONE_HOT" : target.scaling;
}
