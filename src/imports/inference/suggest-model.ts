import { type FeatureType, type TargetType, targetTypes } from "../../language/datasets/feature-types.js";
import { type MetricType, metricDescriptions, metricTypes } from "../../language/metrics/metric-types.js";
import { metricName } from "../../language/metrics/metrics.js";
import type { ColumnRole } from "./infer-column.js";

/** What is known of a table before anything is declared. */
export interface TableProfile {
  dataset: string;
  rowCount: number;
  columns: readonly {
    name: string;
    type: FeatureType;
    role: ColumnRole;
    missing: number;
    distinct: number;
  }[];
}

/** Inputs of `declareModel`, `declareOptimizer`, `train` and `declareRetraining`. */
export interface Suggestion {
  model: Record<string, unknown>;
  optimizer: Record<string, unknown>;
  training: Record<string, unknown>;
  retraining: Record<string, unknown>;
}

/**
 * A first model for a table: inputs without identifiers, constants and what gives the target away; a network by the size of
 * the table; what ends the training early. Null for a target that cannot be predicted.
 */
export function suggestModel(profile: TableProfile, target: string): Suggestion | null {
  const column = profile.columns.find(({ name }) => name === target);
  if (!column || !targetTypes.includes(column.type as TargetType)) return null;
  const inputs = profile.columns
    .filter(({ role, name }) => role === "INPUT" && name !== target)
    .map(({ name }) => name);
  if (inputs.length === 0) return null;
  const rows = profile.rowCount - column.missing;
  const units = rows < 300 ? [16, 16] : rows < 3_000 ? [32, 32] : rows < 50_000 ? [64, 32] : [128, 64];
  const rate = rows < 3_000 ? 0.2 : 0.1;
  const layers = units.flatMap((size) => [{ dense: { units: size, activation: "RELU" } }, { dropout: { rate } }]);
  const batchSize = Math.min(4096, Math.max(16, 2 ** Math.round(Math.log2(Math.max(1, rows / 100)))));
  const name = `${profile.dataset}-${target}`
    .replaceAll(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, 60)
    .replace(/-+$/, "");
  const optimizer = `${name.slice(0, 55)}-adam`;
  return {
    model: { name, dataset: profile.dataset, target, inputs, layers, metrics: metricsOf(column) },
    optimizer: { name: optimizer, algorithm: { adam: {} }, learningRate: { constant: 0.001 } },
    training: {
      ...{ model: name, optimizer, epochs: 200, batchSize },
      earlyStopping: { monitor: "val_loss", patience: 15, restoreBest: true },
    },
    retraining: {
      ...{
        name: `${name.slice(0, 55)}-fresh`,
        model: name,
        optimizer,
        when: { newRows: Math.max(20, Math.round(rows / 10)) },
      },
      train: { fineTune: { from: "champion", epochs: 20, replay: { fraction: 0.5 } } },
      promote: { alias: "champion", ...gateOf(column) },
    },
  };
}

type Column = TableProfile["columns"][number];

/** The target's default metrics, those that tell more where one class is rare, and AUC for two classes. */
function metricsOf({ type, distinct }: Column): MetricType[] {
  return metricTypes.filter((metric) => {
    const { targets, defaultFor, better, places } = metricDescriptions[metric];
    const fits = (list: readonly string[] = []) => list.includes(type);
    if (fits(defaultFor)) return true;
    const forTwo = metric === "AUC" || metric === "AUC_PR";
    return (
      fits(targets) && places === undefined && (forTwo ? distinct === 2 : better === "LARGER" && metric === "F1_SCORE")
    );
  });
}

/** What a challenger is judged by: not accuracy, which says little where one class is rare. */
function gateOf(column: Column): { metric: string; mustNotDropBy: number } {
  const metrics = metricsOf(column);
  const metric = (["AUC", "F1_SCORE", "ROOT_MEAN_SQUARED_ERROR"] as const).find((each) => metrics.includes(each));
  if (!metric) return { metric: "loss", mustNotDropBy: 0 };
  return { metric: metricName(metric), mustNotDropBy: metricDescriptions[metric].better === "LARGER" ? 0.02 : 0 };
}
