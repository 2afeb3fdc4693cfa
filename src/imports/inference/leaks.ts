import type { InferredColumn } from "./infer-column.js";

const leastRows = 50;

/**
 * Marks the columns that give the target away: each of their values goes with one class alone, or they are the target's
 * number times a factor. What is known with the target is not known when it is to be predicted.
 */
export function markLeaks(columns: readonly InferredColumn[], target: InferredColumn): void {
  for (const column of columns) {
    if (column === target || column.role !== "INPUT") continue;
    const share = target.numbers && target.distinct > 10 ? correlation(column, target) : purity(column, target);
    if (share === undefined || share < 0.9999) continue;
    column.role = "LEAK";
    const message = `tells "${target.name}" in every row looked at, so it may be known only with it: it is no input of the suggestion.`;
    column.warnings.push({ code: "LEAK", message });
    column.evidence += ` It tells "${target.name}" in every row. Add it to the model's inputs if it is known beforehand.`;
  }
}

/** The share of rows whose class is the most frequent one of those with the same value; undefined where it would tell nothing. */
function purity(column: InferredColumn, target: InferredColumn): number | undefined {
  const classes = new Map<string, Map<string, number>>();
  let rows = 0;
  for (const [row, value] of column.texts.entries()) {
    const kind = target.texts[row];
    if (value === null || kind === null || kind === undefined) continue;
    const counts = classes.get(value) ?? new Map<string, number>();
    classes.set(value, counts.set(kind, (counts.get(kind) ?? 0) + 1));
    rows++;
  }
  if (rows < leastRows || classes.size > rows / 4 || target.distinct < 2 || classes.size < target.distinct)
    return undefined;
  let pure = 0;
  for (const counts of classes.values()) pure += Math.max(...counts.values());
  return pure / rows;
}

function correlation({ numbers: a }: InferredColumn, { numbers: b }: InferredColumn): number | undefined {
  if (!a || !b) return undefined;
  const pairs = a.flatMap((x, row) => (x === null || b[row] == null ? [] : [[x, b[row]] as const]));
  const n = pairs.length;
  if (n < leastRows) return undefined;
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + (pair[of] as number), 0) / n;
  const [meanA, meanB] = [mean(0), mean(1)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [x, y] of pairs) {
    ab += (x - meanA) * ((y as number) - meanB);
    aa += (x - meanA) ** 2;
    bb += ((y as number) - meanB) ** 2;
  }
  return aa === 0 || bb === 0 ? undefined : Math.abs(ab) / Math.sqrt(aa * bb);
}
