import type { DataSource } from "typeorm";
import { publish } from "../pubsub/topics.js";
import { leaseSeconds as defaultLeaseSeconds } from "../runs/lease.js";
import { slotsOf } from "./capacity.js";
import { type BusyWorker, preemptions, type RunningRun } from "./preemption.js";
import { type QueuedRun, shareKey, type Usage } from "./rank.js";
import { liveWorkers } from "./workers.js";

/** A run in execution and what it holds of its worker. */
interface RunningRow extends Omit<RunningRun, "slots"> {
  worker: string;
  project: string;
  kind: "CPU" | "GPU";
  threads: number;
}

/**
 * The live workers with the runs that they execute, and how many slots each project uses. Two statements.
 *
 * @param withinSeconds how long ago a live worker was heard from at most; default: as for `liveWorkers`.
 */
export async function busyWorkers(
  db: DataSource,
  withinSeconds?: number,
): Promise<{ workers: BusyWorker[]; usage: Usage }> {
  const rows = await db.query<RunningRow[]>(
    `SELECT id, worker_id AS worker, priority, project, threads, (device ->> 'index')::int AS index, device ->> 'kind' AS kind,
            memory_bytes::float8 AS "memoryBytes", extract(epoch FROM started_at)::float8 AS "startedAt",
            state = 'CANCELING' OR asked IS NOT NULL AS leaving
     FROM run WHERE state IN ('RUNNING', 'CANCELING') AND device IS NOT NULL`,
  );
  const running = new Map<string, RunningRun[]>();
  const usage = new Map<string, number>();
  for (const { worker, kind, threads, project, ...run } of rows) {
    const slots = slotsOf(kind, threads);
    const key = shareKey({ priority: run.priority, project });
    usage.set(key, (usage.get(key) ?? 0) + slots);
    const others = running.get(worker) ?? [];
    others.push({ ...run, slots });
    running.set(worker, others);
  }
  const workers = (await liveWorkers(db, withinSeconds)).map(({ id, devices }) => ({
    ...{ id, devices },
    running: running.get(id) ?? [],
  }));
  // The same order for every worker: otherwise two of them could each make room for the same run.
  return { workers: workers.sort((a, b) => (a.id < b.id ? -1 : 1)), usage };
}

/**
 * Requests runs of this worker to make room, where the plan for all workers says so: the worker has them write a checkpoint
 * and gives them back to the queue. Requesting it again changes nothing.
 *
 * A worker that has been silent for a lease has lost its runs, so the plan does not count on the room that they leave there.
 *
 * @param queue the runs that wait and could not start here.
 */
export async function requestRoom(
  db: DataSource,
  { id: workerId, leaseSeconds = defaultLeaseSeconds }: { id: string; leaseSeconds?: number },
  queue: readonly QueuedRun[],
): Promise<void> {
  const { workers, usage } = await busyWorkers(db, leaseSeconds);
  const victims = preemptions(queue, workers, usage)
    .filter((preemption) => preemption.workerId === workerId)
    .flatMap((preemption) => preemption.victims.map(({ id }) => id));
  if (victims.length === 0) return;
  const [requested] = await db.query<[{ id: string }[], number]>(
    `UPDATE run SET asked = 'PREEMPT', updated_at = clock_timestamp()
     WHERE id = ANY($1) AND worker_id = $2 AND state = 'RUNNING' AND asked IS NULL RETURNING id`,
    [victims, workerId],
  );
  await publish(db, ...requested.map(({ id }) => ({ type: "run", runId: id }) as const));
}
