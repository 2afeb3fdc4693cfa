import type { DataSource } from "typeorm";
import type { OfferedDevice } from "../entities/device.js";
import { Run } from "../entities/run.js";
import { publish } from "../pubsub/topics.js";
import { leaseSeconds } from "../runs/lease.js";
import { recordStart } from "../runs/run-state.js";
import { capacityOf, type Hold } from "./capacity.js";

/** A run that was claimed has been granted a device. */
export type ClaimedRun = Run & { device: NonNullable<Run["device"]> };

/**
 * The oldest queued run that fits what is free. What fits nowhere here is passed over, so that it keeps nobody waiting
 * whom it could not help. What would fit this worker's CPU if more of it were free keeps its place instead: no younger
 * run takes slots of that CPU before it, or a run with many threads would wait for ever behind runs with one.
 *
 * A run of another worker's claim that has not committed yet is skipped, not waited for; at worst it still counts as
 * waiting here, and this worker looks again with its next poll.
 *
 * $1 CPU slots, $2 how many of them are free, $3 free GPUs
 */
const selectNext = `
  WITH first_in_line AS (
    SELECT created_at, id FROM run
    WHERE state = 'QUEUED' AND threads > $2 AND threads <= $1 AND (needs = 'CPU' OR (needs = 'ANY' AND $3 = 0))
    ORDER BY created_at, id LIMIT 1)
  SELECT run.id, fits.cpu FROM run
  CROSS JOIN LATERAL (SELECT
    needs <> 'GPU' AND threads <= $2
      AND NOT EXISTS (SELECT FROM first_in_line first WHERE (first.created_at, first.id) < (run.created_at, run.id)) AS cpu,
    needs <> 'CPU' AND $3 > 0 AS gpu) fits
  WHERE state = 'QUEUED' AND (fits.cpu OR fits.gpu)
  ORDER BY created_at, id LIMIT 1 FOR UPDATE OF run SKIP LOCKED`;

/**
 * Takes the next queued run that fits, and grants it a device and a lease: SKIP LOCKED lets any number of workers claim
 * at once without waiting for each other. Null when nothing waits that would fit.
 *
 * @param worker its devices, and what its runs hold of them.
 */
export function claimRun(
  db: DataSource,
  worker: { id: string; devices: readonly OfferedDevice[]; holds: readonly Hold[] },
): Promise<ClaimedRun | null> {
  const { devices, holds } = worker;
  const { cpuSlots, freeCpuSlots, freeGpus } = capacityOf(devices, holds);
  if (freeCpuSlots === 0 && freeGpus.length === 0) return Promise.resolve(null);
  return db.transaction(async (manager) => {
    const [next] = await manager.query<{ id: string; cpu: boolean }[]>(selectNext, [
      cpuSlots,
      freeCpuSlots,
      freeGpus.length,
    ]);
    if (!next) return null;
    const index = next.cpu ? devices.findIndex(({ kind }) => kind === "CPU") : (freeGpus[0] as number);
    const { kind, name, provider, uuid } = devices[index] as OfferedDevice;
    await recordStart(manager, next.id, worker.id, { kind, name, index, provider, uuid }, leaseSeconds);
    await publish(manager, { type: "run", runId: next.id });
    return (await manager.findOneByOrFail(Run, { id: next.id })) as ClaimedRun;
  });
}
