import type { EntityManager } from "typeorm";
import { Alias } from "../entities/alias.js";
import type { Gate, Run } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import { failpoint } from "../failpoint.js";
import { moveAlias } from "../registry/aliases.js";
import { recordModelEvent } from "../registry/events.js";
import { metricDirection } from "../spec/metrics.js";

/** What the trainer measured for the gate: both versions on the same held-out rows. */
export interface GateMeasurement {
  /** Null when the alias pointed nowhere: there is nobody to beat. `value` is null where the two cannot be compared. */
  champion: { versionId: string; value: number | null } | null;
  challenger: number;
}

/** Whether the challenger may take the alias, and why, for people. NaN never passes. */
export function judge(gate: Gate, measured: GateMeasurement): { promoted: boolean; reason: string } {
  const { metric, mustNotDropBy } = gate;
  const challenger = measured.challenger;
  if (!Number.isFinite(challenger)) return { promoted: false, reason: `challenger's ${metric} is ${challenger}` };
  if (!measured.champion) return { promoted: true, reason: `${metric} ${format(challenger)}; there was no champion` };
  const champion = measured.champion.value;
  if (champion === null)
    return {
      promoted: false,
      reason: `the ${metric} of the champion, which was declared differently, cannot be compared`,
    };
  const better = metricDirection(metric) === "MAX" ? challenger - champion : champion - challenger;
  // A champion that measures NaN is beaten by any number.
  const promoted = Number.isNaN(champion) || better >= -mustNotDropBy - 1e-9;
  const rule = mustNotDropBy > 0 ? `at most ${format(mustNotDropBy)} worse` : "no worse";
  return {
    promoted,
    reason: `${metric} ${format(challenger)} against the champion's ${format(champion)} on the same test rows; it must be ${rule}`,
  };
}

const format = (value: number): string => String(Number(value.toPrecision(4)));

/** Moves the alias to the new version, or records why not, within the transaction that registers it. */
export async function settlePromotion(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId">,
  gate: Gate,
  version: ModelVersion,
  measured: GateMeasurement,
): Promise<void> {
  failpoint("gate");
  const alias = await manager.findOneBy(Alias, { modelId: run.modelId, name: gate.alias });
  const verdict = judge(gate, measured);
  const moved = (alias?.versionId ?? null) !== (measured.champion?.versionId ?? null);
  if (verdict.promoted && !moved) {
    const { modelId } = run;
    await moveAlias(manager, {
      modelId,
      name: gate.alias,
      versionId: version.id,
      reason: verdict.reason,
      runId: run.id,
    });
    return;
  }
  await recordModelEvent(manager, {
    modelId: run.modelId,
    kind: "PROMOTION_REFUSED",
    versionId: version.id,
    runId: run.id,
    alias: gate.alias,
    reason: verdict.promoted ? `${gate.alias} moved while the challenger was trained` : verdict.reason,
  });
}
