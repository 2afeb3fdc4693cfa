import { columnOf, type Table, valueReader } from "../../features/table.js";
import { missingReader } from "../../features/values/missing.js";
import type { Feature } from "../../language/datasets/dataset.js";
import { describedType } from "../../language/datasets/feature-types.js";

/** Fewer rows may agree by chance. */
const fewestRows = 50;
/** More rows than these are not looked at. */
const mostRows = 20_000;
/** In so many rows a feature must tell the target. */
const telling = 0.9999;

/**
 * Features that give the target away, so that they are hardly known before it is: each of their values goes with one class
 * alone, or they are the target's number times a factor.
 */
export function findLeaks(features: readonly Feature[], table: Table, target: string): string[] {
  const aimed = features.find(({ name }) => name === target);
  if (!aimed) return [];
  const { classes, isMultiLabel } = describedType(aimed.type).target ?? {};
  const isTold =
    classes || isMultiLabel
      ? (feature: Feature) => purity(feature, aimed, table)
      : (feature: Feature) => correlation(feature, aimed, table);
  return features
    .filter((feature) => feature !== aimed && (isTold(feature) ?? 0) >= telling)
    .map((feature) => feature.name);
}

const isSingle = (feature: Feature) =>
  feature.shape.length === 0 && !describedType(feature.type).elements && describedType(feature.type).isSplitKey;

/** Rows in which both have values. */
function commonRows(a: Feature, b: Feature, table: Table): number[] {
  const [lacksA, lacksB] = [missingReader(table, a.name), missingReader(table, b.name)];
  const rows: number[] = [];
  for (let row = 0; row < table.rowCount && rows.length < mostRows; row++)
    if (!lacksA(row) && !lacksB(row)) rows.push(row);
  return rows;
}

/** The share of rows whose class is the most frequent one of those with the same value; undefined where that says nothing. */
function purity(feature: Feature, target: Feature, table: Table): number | undefined {
  if (!isSingle(feature)) return undefined;
  const rows = commonRows(feature, target, table);
  const [readValue, readTarget] = [valueReader(feature, table), valueReader(target, table)];
  // Of labels each list is a class.
  const classOf = (row: number) => {
    const value = readTarget(row);
    return Array.isArray(value) ? JSON.stringify(value) : value;
  };
  const counts = new Map<unknown, Map<unknown, number>>();
  const classes = new Set<unknown>();
  for (const row of rows) {
    const [value, kind] = [readValue(row), classOf(row)];
    const ofValue = counts.get(value) ?? new Map<unknown, number>();
    counts.set(value, ofValue.set(kind, (ofValue.get(kind) ?? 0) + 1));
    classes.add(kind);
  }
  // Where hardly any value comes twice, each goes with one class.
  if (rows.length < fewestRows || counts.size > rows.length / 4 || classes.size < 2 || counts.size < classes.size)
    return undefined;
  let pure = 0;
  for (const ofValue of counts.values()) pure += Math.max(...ofValue.values());
  return pure / rows.length;
}

function correlation(feature: Feature, target: Feature, table: Table): number | undefined {
  if (!isSingle(feature) || describedType(feature.type).idCount !== 0 || target.shape.length > 0) return undefined;
  const rows = commonRows(feature, target, table);
  if (rows.length < fewestRows) return undefined;
  const [a, b] = [columnOf(table, feature), columnOf(table, target)];
  const mean = (column: Float64Array) => rows.reduce((sum, row) => sum + (column[row] ?? 0) / rows.length, 0);
  const [meanA, meanB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  for (const row of rows) {
    const [x, y] = [(a[row] ?? 0) - meanA, (b[row] ?? 0) - meanB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  }
  return ofA === 0 || ofB === 0 ? undefined : Math.abs(both) / Math.sqrt(ofA * ofB);
}
