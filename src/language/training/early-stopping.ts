import type { SplitPart } from "../datasets/dataset.js";
import type { ChoiceOf } from "../fields/choices.js";
import { type DeclaredFields, type ResolvedFields, readFields, struct } from "../fields/field.js";
import { readOptional } from "../fields/fields.js";
import type { Findings } from "../fields/findings.js";
import { flag, integer, number } from "../fields/scalars.js";
import { listed, shown } from "../fields/wording.js";
import { epochMetricNames, metricDirection } from "../metrics/metrics.js";
import { monitored, type monitorModes } from "../metrics/monitor.js";
import type { ModelSpec } from "../models/model.js";

/** Defaults are Keras's, but for `monitor`. */
export const earlyStoppingStruct = struct(
  "EarlyStoppingInput",
  "Ends a run when a metric has not improved for some epochs (Keras: EarlyStopping).",
  {
    ...monitored,
    patience: integer({
      min: 0,
      default: 0,
      doc: "Epochs without improvement after which the run stops. 0 means the same as 1.",
    }),
    minDelta: number({ min: 0, default: 0, doc: "The least change that counts as an improvement." }),
    restoreBest: flag({
      default: false,
      doc: "Whether the weights of the best epoch are kept instead of the last one's.",
    }),
    startFromEpoch: integer({ min: 0, default: 0, doc: "Epochs before monitoring begins." }),
  },
);

type Fields = typeof earlyStoppingStruct.fields;
export type EarlyStoppingDeclaration = DeclaredFields<Fields>;

/** Stops when `monitor` has not improved by more than `minDelta` for `patience` epochs. */
export interface EarlyStopping extends Omit<ResolvedFields<Fields>, "mode"> {
  monitor: string;
  mode: ChoiceOf<typeof monitorModes>;
}

/** Which metrics a training measures every epoch. */
export interface Measured {
  model: Pick<ModelSpec, "metrics">;
  counts: Readonly<Record<SplitPart, number>>;
}

export function resolveEarlyStopping(
  findings: Findings,
  declared: EarlyStoppingDeclaration | null | undefined,
  measured: Measured,
): EarlyStopping | null {
  const stopping = readOptional(findings, "earlyStopping", declared);
  if (stopping === undefined) return null;
  const at = findings.at("earlyStopping");
  const monitor = stopping.monitor ?? (measured.counts.validation > 0 ? "val_loss" : "epoch_loss");
  checkMonitor(at, "monitor", monitor, measured);
  const { mode, ...rest } = readFields(at, earlyStoppingStruct.fields, stopping);
  return { monitor, mode: mode ?? metricDirection(typeof monitor === "string" ? monitor : ""), ...rest };
}

/** Whether a metric is among those that will be measured every epoch. */
export function checkMonitor(
  at: Findings,
  key: string,
  monitor: string,
  { model, counts }: Measured,
  subject = "",
): void {
  const available = epochMetricNames(model, counts.validation > 0);
  if (!epochMetricNames(model, true).includes(monitor)) {
    const hint = monitor === "loss" ? " (loss is measured per step; per epoch it is epoch_loss)" : "";
    at.add("UNKNOWN_METRIC", `${subject}must be ${listed(available, "or")}, got ${shown(monitor)}${hint}.`, key);
  } else if (!available.includes(monitor)) {
    const message = `${monitor} needs validation rows, and this dataset version has none; use ${listed(available, "or")}.`;
    at.add("SPLIT_EMPTY", message, key);
  }
}
