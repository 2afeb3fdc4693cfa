import { spelledBoolean } from "../../features/values/spellings.js";
import { classesOf, describedType, isTargetType, type TargetType } from "../../language/datasets/feature-types.js";
import { limits } from "../../language/fields/limits.js";
import { defaultMetrics, type MetricType, metricDescriptions } from "../../language/metrics/metric-types.js";
import { metricName } from "../../language/metrics/metrics.js";
import { suggestInputs } from "./inputs.js";
import type { KnownColumn, KnownTable } from "./known.js";
import { suggestNetwork } from "./network.js";

/** Inputs of `declareModel`, `declareOptimizer`, `train` and `declareRetraining`, as they stand. */
export interface Suggestion {
  model: Record<string, unknown>;
  optimizer: Record<string, unknown>;
  training: Record<string, unknown>;
  retraining: Record<string, unknown>;
}

/** Below this share of the rows, a class is rare: accuracy says little. */
export const rareShare = 0.2;
/** A class beyond this share makes a model that always answers it look good. */
const commonShare = 0.8;

/**
 * A first model for a table, by rules that `bench/tables` tries on real ones. Null for a target that no model predicts, or
 * without an input.
 */
export function suggest(table: KnownTable, target: string): Suggestion | null {
  const aimed = table.columns.find(({ name }) => name === target);
  if (!aimed || !isTargetType(aimed.type)) return null;
  const classes = classesIn(aimed, aimed.type);
  const predicted = describedType(aimed.type).target?.output.activation === "LINEAR" ? "numbers" : "classes";
  const inputs = suggestInputs(table, target, predicted);
  if (inputs.columns.length === 0) return null;
  const rows = Math.max(1, table.rowCount - aimed.missing);
  const isImbalanced = classes !== undefined && isUneven(classes);
  const metrics = suggestMetrics(aimed.type, classes?.length ?? 0, isImbalanced);
  const positiveCategory = suggestPositive(aimed, aimed.type, classes);
  const decides = isImbalanced && classes?.length === 2;
  const name = nameOf(`${table.dataset}-${target}`, "");
  const optimizer = nameOf(name, "-adamw");
  const { layers, batchSize, epochs, patience, algorithm } = suggestNetwork(rows, inputs.columns, predicted);
  const watched = watchedMetric(metrics, isImbalanced && !decides);
  return {
    model: {
      ...{ name, dataset: table.dataset, target },
      inputs: inputs.columns.map((column) => column.name),
      ...(inputs.preprocessing.length > 0 && { preprocessing: inputs.preprocessing }),
      layers,
      metrics,
      ...(isImbalanced && !decides && { classWeights: { method: "BALANCED" } }),
      ...(positiveCategory !== undefined && { positiveCategory }),
      // Of two classes, a threshold parts the rare one better than weights, and probabilities stay what they are.
      ...(decides && { threshold: { method: "BEST_F1" } }),
    },
    optimizer: { name: optimizer, ...algorithm },
    training: {
      ...{ model: name, optimizer, epochs, batchSize },
      earlyStopping: { monitor: `val_${watched}`, patience, restoreBest: true },
    },
    retraining: {
      ...{ name: nameOf(name, "-fresh"), model: name, optimizer },
      when: { newRows: Math.max(20, Math.round(rows / 10)) },
      train: { fineTune: { from: "champion", epochs: 20, replay: { fraction: 0.5 } } },
      promote: { alias: "champion", ...gateOf(metrics, isImbalanced) },
    },
  };
}

/** The shares of the classes that are known; undefined for numbers. */
function classesIn(column: KnownColumn, type: TargetType): number[] | undefined {
  if (classesOf({ type, categories: ["a", "b"] }) === undefined) return undefined;
  const counts = (column.topValues ?? []).map(({ count }) => count);
  const distinct = Math.max(column.distinct ?? 2, column.listed ?? 0);
  if (counts.length === 0) return new Array<number>(distinct).fill(1 / distinct);
  const total = counts.reduce((sum, count) => sum + count, 0);
  // Classes beyond the frequent ones are rarer than the last of these.
  const others = new Array<number>(Math.max(0, distinct - counts.length)).fill(0);
  return [...counts.map((count) => count / total), ...others];
}

function isUneven(shares: readonly number[]): boolean {
  const [most, least] = [Math.max(...shares), Math.min(...shares)];
  return shares.length === 2 ? least < rareShare : most > commonShare;
}

/** Of two categories the one that is spelled as a yes, else the rarer; undefined for other targets. */
function suggestPositive(
  { topValues = [] }: KnownColumn,
  type: TargetType,
  classes: readonly number[] | undefined,
): string | undefined {
  const [frequent, rare] = topValues.map(({ value }) => value);
  if (classes?.length !== 2 || frequent === undefined || rare === undefined) return undefined;
  if (!describedType(type).opensCategories) return undefined;
  return spelledBoolean(frequent) && !spelledBoolean(rare) ? frequent : rare;
}

/** The defaults of the target's type, AUC for two classes, and what tells more where one class is rare. */
function suggestMetrics(type: TargetType, classes: number, isImbalanced: boolean): MetricType[] {
  const metrics = new Set<MetricType>(defaultMetrics(type));
  const fits = (metric: MetricType) => metricDescriptions[metric].targets.some((target) => target === type);
  if (classes === 2 && fits("AUC")) metrics.add("AUC");
  if (classes === 2 && isImbalanced && fits("AUC_PR")) metrics.add("AUC_PR");
  if (classes > 0 && (isImbalanced || classes > 2) && fits("F1_SCORE")) metrics.add("F1_SCORE");
  return [...metrics];
}

/** With balanced weights the loss of validation rows, which is not weighted, would stop the training too early. */
function watchedMetric(metrics: readonly MetricType[], isWeighted: boolean): string {
  return isWeighted && metrics.includes("F1_SCORE") ? metricName("F1_SCORE") : "loss";
}

/** What a challenger is judged by: never accuracy where one class is rare. */
function gateOf(metrics: readonly MetricType[], isImbalanced: boolean): { metric: string; mustNotDropBy: number } {
  const preferred: MetricType[] = [
    "AUC",
    "F1_SCORE",
    ...(isImbalanced ? [] : ["ACCURACY" as const]),
    "R2_SCORE",
    "MICRO_F1_SCORE",
  ];
  const metric = preferred.find((each) => metrics.includes(each));
  return metric ? { metric: metricName(metric), mustNotDropBy: 0.02 } : { metric: "loss", mustNotDropBy: 0 };
}

/** A name that may be declared, with something at its end. */
function nameOf(text: string, end: string): string {
  const plain = text.replaceAll(/[^A-Za-z0-9_-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return `${plain.slice(0, limits.nameLength - end.length).replace(/[-_]+$/, "") || "model"}${end}`;
}
