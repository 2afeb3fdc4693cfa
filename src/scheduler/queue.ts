import type { DataSource } from "typeorm";
import type { OfferedDevice } from "../entities/device.js";
import { type Capacity, capacityOf, type Hold, slotsOf } from "./capacity.js";
import { type Demand, type WaitCode, waitReason } from "./wait-reason.js";
import { liveWorkers } from "./workers.js";

/** Where a queued run stands, now. */
export interface Standing {
  /** By age among all that wait, from 1. */
  position: number;
  reason: { code: WaitCode; message: string };
}

interface QueuedRow extends Demand {
  id: string;
  position: number;
  begun: boolean;
  /** Whether no older run asks for the same. */
  leads: boolean;
}

/** Where queued runs stand; what is not queued is left out. Three statements, whatever the number of runs. */
export async function standings(db: DataSource, runIds: readonly string[]): Promise<Map<string, Standing>> {
  // Of all others only the oldest with each demand matter: they are who may come first.
  const rows = await db.query<QueuedRow[]>(
    `SELECT * FROM (
       SELECT id, needs, threads, executor IS NOT NULL AS begun,
              row_number() OVER (ORDER BY created_at, id)::int AS position,
              row_number() OVER (PARTITION BY needs, threads ORDER BY created_at, id) = 1 AS leads
       FROM run WHERE state = 'QUEUED') queue
     WHERE leads OR id = ANY($1)`,
    [runIds],
  );
  const workers = await liveCapacities(db);
  const leaders = rows.filter(({ leads }) => leads);
  const asked = new Set(runIds);
  return new Map(
    rows
      .filter(({ id }) => asked.has(id))
      .map(({ id, position, ...run }) => {
        const older = leaders.filter((leader) => leader.position < position);
        return [id, { position, reason: waitReason({ ...run, older }, workers) }];
      }),
  );
}

/** What the live workers have, and what of it is free. */
async function liveCapacities(db: DataSource): Promise<Capacity[]> {
  const workers = await liveWorkers(db);
  const holds = await holdsOf(
    db,
    workers.map(({ id }) => id),
  );
  return workers.map(({ id, devices }) => capacityOf(devices, holds.get(id) ?? []));
}

/** What runs in execution hold, by worker. */
export async function holdsOf(db: DataSource, workerIds: readonly string[]): Promise<Map<string, Hold[]>> {
  const rows = await db.query<{ worker: string; index: number; kind: OfferedDevice["kind"]; threads: number }[]>(
    `SELECT worker_id AS worker, (device ->> 'index')::int AS index, device ->> 'kind' AS kind, threads
     FROM run WHERE state IN ('RUNNING', 'CANCELING') AND worker_id = ANY($1) AND device IS NOT NULL`,
    [workerIds],
  );
  const holds = new Map<string, Hold[]>(workerIds.map((id) => [id, []]));
  for (const { worker, index, kind, threads } of rows)
    holds.get(worker)?.push({ index, slots: slotsOf(kind, threads) });
  return holds;
}
