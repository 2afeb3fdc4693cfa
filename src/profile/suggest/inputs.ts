import { describedType } from "../../language/datasets/feature-types.js";
import type { Preprocessing, PreprocessingDeclaration } from "../../language/preprocessing/preprocessing.js";
import type { KnownColumn, KnownTable } from "./known.js";

export interface SuggestedInputs {
  columns: KnownColumn[];
  preprocessing: PreprocessingDeclaration[];
}

/** A column with a different value in so many of its rows names or numbers them. */
const identifyingShare = 0.95;
/** Fewer rows may differ in everything. */
const fewestRows = 20;
/** Beyond so many categories, one column each would be most of the network's inputs. */
const mostOneHot = 50;
/** Texts of fewer rows are counted; of more, vectors of their tokens are learned. */
const countedTexts = 20_000;

/** The columns to predict from: without identifiers, constants and columns that are empty, each preprocessed by its shape. */
export function suggestInputs(
  { rowCount, columns, except = [] }: KnownTable,
  target: string,
  predicted: "classes" | "numbers",
): SuggestedInputs {
  const inputs = columns.filter(
    (column) =>
      column.name !== target &&
      !except.includes(column.name) &&
      isInformative(column, rowCount) &&
      !isIdentifier(column, rowCount),
  );
  const preprocessing = inputs.flatMap((column): PreprocessingDeclaration[] => {
    const entry = suggestPreprocessing(column, rowCount, predicted);
    return entry ? [{ feature: column.name, ...entry }] : [];
  });
  return { columns: inputs, preprocessing };
}

function isInformative({ missing, distinct }: KnownColumn, rowCount: number): boolean {
  // One value and holes: whether it is there may tell something.
  return missing < rowCount && (distinct !== 1 || missing > 0);
}

const methodsOf = (type: KnownColumn["type"]): readonly Preprocessing[] =>
  describedType(type).methods({ categories: ["a"], shape: [] });

/** Categories and short texts that hardly repeat, and whole numbers that count the rows. */
function isIdentifier(column: KnownColumn, rowCount: number): boolean {
  const { type, missing, distinct, minimum, maximum, meanLength } = column;
  const rows = rowCount - missing;
  if (rows < fewestRows || distinct === null || distinct < identifyingShare * rows) return false;
  if (describedType(type).elements) return distinct !== null && (meanLength ?? 100) < 16;
  const methods = methodsOf(type);
  if (methods.includes("ONE_HOT")) return true;
  if (!methods.includes("QUANTILE") || minimum == null || maximum == null) return false;
  const isWhole = Number.isInteger(minimum) && Number.isInteger(maximum);
  return isWhole && maximum - minimum < 1.2 * rows;
}

type Entry = Omit<PreprocessingDeclaration, "feature">;

/** Undefined where the default method of the type does. */
function suggestPreprocessing(
  column: KnownColumn,
  rowCount: number,
  predicted: "classes" | "numbers",
): Entry | undefined {
  const methods = methodsOf(column.type);
  const { elements } = describedType(column.type);
  if (elements?.are === "TOKENS") return rowCount < countedTexts ? { method: "TF_IDF", maxTokens: 2_000 } : undefined;
  if (methods.includes("EMBEDDING")) return (column.distinct ?? 0) > mostOneHot ? { method: "EMBEDDING" } : undefined;
  if (!methods.includes("QUANTILE")) return undefined;
  return scalingOf(column, rowCount, predicted);
}

/** A number by the shape of its distribution. */
function scalingOf(column: KnownColumn, rowCount: number, predicted: "classes" | "numbers"): Entry | undefined {
  const { mean, standardDeviation, minimum, maximum, quantiles = [] } = column;
  if (mean == null || standardDeviation == null || minimum == null || maximum == null || standardDeviation === 0)
    return undefined;
  const at = (probability: number) => quantiles.find((each) => each.probability === probability)?.value;
  const furthest = Math.max(maximum - mean, mean - minimum) / standardDeviation;
  const [low, middle, high] = [at(0.25), at(0.5), at(0.75)];
  if (low === undefined || middle === undefined || high === undefined) return undefined;
  const isMostlyOne = low === high;
  // Counts that are nearly always 0: their few values are large by z-score, and ranks would make one step of them.
  if (isMostlyOne) return furthest > 4 ? { method: "MIN_MAX" } : undefined;
  // Ranks and clipping hide how far off a value is, and a number that is predicted from it is far off there, too.
  if (predicted === "numbers") return undefined;
  const tail = Math.max(maximum - high, low - minimum) / (high - low);
  if (tail > 10 && (column.distinct ?? 0) > 20 && rowCount >= 100) return { method: "QUANTILE" };
  return furthest > 5 ? { method: "CLIPPED_Z_SCORE" } : undefined;
}
