import type { DataSource, EntityManager } from "typeorm";
import type { Run, RunState } from "../entities/run.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import type { Environment } from "../language/training/environment.js";

/** The right of one attempt to write: the fence it was granted. */
export interface Lease {
  runId: string;
  fence: number;
}

/** Unless PERENNIAL_LEASE_SECONDS says otherwise; on the database's clock. A worker renews three times as often. */
export const leaseSeconds = 6;
export const leaseLimits = { leaseSeconds } as const;

/**
 * A transaction that only the holder of the lease can commit. The first statement takes the lock on the run's row, which
 * orders it against a takeover: after the fence has risen no row matches. What the transaction writes carries the worker as
 * its actor.
 *
 * @throws PlatformError LEASE_LOST
 */
export function fenced<Result>(
  db: DataSource,
  lease: Lease,
  body: (manager: EntityManager, run: HeldRun) => Promise<Result>,
): Promise<Result> {
  return db.transaction(async (manager) => {
    const [rows] = await manager.query<[HeldRun[], number]>(
      `UPDATE run SET updated_at = clock_timestamp() WHERE id = $1 AND fence = $2 AND state IN ('RUNNING', 'CANCELING')
       RETURNING state, asked, set_config('perennial.actor', 'WORKER:' || worker_id, true)`,
      [lease.runId, lease.fence],
    );
    const [run] = rows;
    if (!run) throw new PlatformError("LEASE_LOST", `the lease on ${lease.runId} was revoked`);
    return body(manager, run);
  });
}

/** A run as its worker finds it when it renews the lease. */
export interface HeldRun {
  state: RunState;
  /** What its worker shall do with it. */
  asked: Run["asked"];
}

/**
 * Renews many leases in one statement. Answers each run that is still held; one that is missing is lost.
 *
 * @param seconds how long the leases last from now.
 */
export async function renewLeases(
  db: DataSource,
  workerId: string,
  leases: Lease[],
  seconds: number = leaseSeconds,
): Promise<Map<string, HeldRun>> {
  failpoint("lease.renew");
  const [rows] = await db.query<[(HeldRun & { id: string })[], number]>(
    `UPDATE run SET lease_expires_at = clock_timestamp() + make_interval(secs => $2)
     FROM unnest($3::text[], $4::int[]) AS held (run_id, fence)
     WHERE run.id = held.run_id AND run.fence = held.fence AND run.worker_id = $1 AND run.state IN ('RUNNING', 'CANCELING')
     RETURNING run.id, run.state, run.asked`,
    [workerId, seconds, leases.map((lease) => lease.runId), leases.map((lease) => lease.fence)],
  );
  return new Map(rows.map(({ id, ...held }) => [id, held]));
}

/** Notes what an attempt computes with. */
export async function recordEnvironment(
  manager: EntityManager,
  runId: string,
  environment: Environment,
): Promise<void> {
  await manager.query("UPDATE run SET executor = $2, environment = $3 WHERE id = $1", [
    runId,
    environment.executor,
    JSON.stringify(environment),
  ]);
}
