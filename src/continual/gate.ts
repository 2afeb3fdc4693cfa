import type { EntityManager } from "typeorm";
import { asActor } from "../db/session.js";
import { policy } from "../entities/actor.js";
import { Alias } from "../entities/alias.js";
import type { Gate, Run } from "../entities/run.js";
import type { ModelVersion } from "../entities/version.js";
import { failpoint } from "../failpoint.js";
import { type GateValue, metricDirection } from "../language/metrics/metrics.js";
import { moveAlias } from "../registry/aliases.js";
import { recordModelEvent } from "../registry/events.js";

/** What the trainer measured for the gate: both versions on the same held-out rows. */
export interface GateMeasurement {
  /** Null when the alias pointed nowhere: there is nobody to beat. `measured` is null where the two cannot be compared. */
  champion: { versionId: string; measured: GateValue | null } | null;
  challenger: GateValue;
}

/**
 * Whether the challenger may take the alias, and why, for people. A metric that is undefined on either side compares
 * nothing, so nothing is promoted. A champion whose predictions are not finite numbers is broken: any number beats it.
 */
export function judge(gate: Gate, { champion, challenger }: GateMeasurement): { promoted: boolean; reason: string } {
  const { metric, mustNotDropBy } = gate;
  const refused = (reason: string) => ({ promoted: false, reason });
  if (challenger.undefinedReason !== null)
    return refused(`the challenger's ${metric} is undefined on the test rows: ${challenger.undefinedReason}`);
  if (!Number.isFinite(challenger.value)) return refused(`challenger's ${metric} is ${challenger.value}`);
  if (!champion) return { promoted: true, reason: `${metric} ${format(challenger.value)}; there was no champion` };
  const { measured } = champion;
  if (measured === null)
    return refused(`the ${metric} of the champion, which was declared differently, cannot be compared`);
  if (measured.undefinedReason !== null && measured.sound)
    return refused(`the champion's ${metric} is undefined on the test rows: ${measured.undefinedReason}`);
  const gain =
    metricDirection(metric) === "MAX" ? challenger.value - measured.value : measured.value - challenger.value;
  // Only a broken champion measures NaN here.
  const promoted = Number.isNaN(measured.value) || gain >= -mustNotDropBy - 1e-9;
  const rule = mustNotDropBy > 0 ? `at most ${format(mustNotDropBy)} worse` : "no worse";
  return {
    promoted,
    reason: `${metric} ${format(challenger.value)} against the champion's ${format(measured.value)} on the same test rows; it must be ${rule}`,
  };
}

const format = (value: number): string => String(Number(value.toPrecision(4)));

/**
 * Moves the alias to the new version, or records why not, within the transaction that registers it: as the policy that
 * queued the run.
 */
export async function settlePromotion(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "retrainingId">,
  gate: Gate,
  version: ModelVersion,
  measured: GateMeasurement,
): Promise<void> {
  failpoint("gate");
  const settle = () => promoteOrRefuse(manager, run, gate, version, measured);
  await (run.retrainingId ? asActor(manager, policy(run.retrainingId), settle) : settle());
}

async function promoteOrRefuse(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId">,
  gate: Gate,
  version: ModelVersion,
  measured: GateMeasurement,
): Promise<void> {
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
