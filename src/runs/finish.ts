import type { DataSource, EntityManager } from "typeorm";
import { Run, type RunState } from "../entities/run.js";
import { failpoint } from "../failpoint.js";
import { aftermath, type Fault } from "./fault.js";
import { fenced, type Lease } from "./lease.js";
import type { RunOutcome } from "./purposes/purpose.js";
import { purposeOf, settleFailures } from "./purposes/purposes.js";
import { type TransitionFields, transition } from "./state-writer.js";

/*
 * How an attempt ends, and with it perhaps its run. What a run's result is used for is decided by its purpose; see `purposes/`.
 * A cancel that was requested first always wins: the run ends CANCELED, and nothing of its result is stored.
 */

/**
 * Ends a run whose training came to its end: its purpose stores the result and the run becomes SUCCEEDED, in one transaction.
 *
 * @throws PlatformError LEASE_LOST
 */
export function completeRun(db: DataSource, lease: Lease, run: Run, outcome: RunOutcome): Promise<{ state: RunState }> {
  return fenced(db, lease, async (manager, { state }) => {
    if (state === "CANCELING") {
      await end(manager, run, state, "CANCELED", "canceled");
      return { state: "CANCELED" };
    }
    const message = await purposeOf(run).settle(manager, run, outcome);
    await transition(manager, run.id, ["RUNNING"], "SUCCEEDED", message, { summary: outcome.summary });
    return { state: "SUCCEEDED" };
  });
}

/**
 * Ends a run as FAILED or CANCELED under its lease.
 *
 * @throws PlatformError LEASE_LOST
 */
export function endRun(
  db: DataSource,
  lease: Lease,
  run: Run,
  ending: { state: "CANCELED" } | { state: "FAILED"; error: { code: string; message: string } },
): Promise<void> {
  return fenced(db, lease, (manager, { state }) =>
    ending.state === "CANCELED"
      ? end(manager, run, state, "CANCELED", "canceled")
      : end(manager, run, state, "FAILED", `${ending.error.code}: ${ending.error.message}`, ending.error),
  );
}

/**
 * Gives a run back under its lease: it is PAUSED where that was requested, and otherwise goes back to the queue.
 *
 * @param reason what the run's log says, unless a pause or a preemption was requested.
 * @throws PlatformError LEASE_LOST
 */
export async function giveBackRun(db: DataSource, lease: Lease, run: Run, reason: string): Promise<void> {
  failpoint("give.back");
  return fenced(db, lease, async (manager, { state, requested }) => {
    if (state === "CANCELING") await end(manager, run, state, "CANCELED", "canceled");
    else if (requested === "PAUSE") await transition(manager, run.id, ["RUNNING"], "PAUSED", "paused on request");
    else await transition(manager, run.id, ["RUNNING"], "QUEUED", requested === "PREEMPT" ? "preempted" : reason);
  });
}

/**
 * Ends an attempt that failed: `settleFault` under its lease.
 *
 * @param step the last one that the attempt itself made or resumed from; 0 for none.
 * @throws PlatformError LEASE_LOST
 */
export function endAttempt(db: DataSource, lease: Lease, run: Run, fault: Fault, step: number): Promise<void> {
  return fenced(db, lease, (manager, { state }) =>
    state === "CANCELING"
      ? end(manager, run, state, "CANCELED", "canceled")
      : settleFault(manager, run.id, fault, step),
  );
}

/**
 * What becomes of a RUNNING run whose attempt failed: it goes back to the queue, perhaps after a pause, or becomes FAILED
 * (see `aftermath`). It is PAUSED instead of queued where that was requested. The caller holds the lock on the run's row.
 */
export async function settleFault(manager: EntityManager, runId: string, fault: Fault, step = 0): Promise<void> {
  failpoint("fault");
  const run = await manager.findOneByOrFail(Run, { id: runId });
  const { restarts, losses, lastFault, spec, requested } = run;
  const { maximumRestarts } = spec;
  const gained = run.furthestStep > run.grantedStep;
  const next = aftermath(fault, { restarts, maximumRestarts, losses, gained, step, lastFault });
  const { to, ...fields } = next;
  if (next.to === "FAILED") {
    const { error, lastFault } = next;
    return end(manager, run, "RUNNING", "FAILED", `${error.code}: ${error.message}`, error, { lastFault });
  }
  const message = fault.kind === "LOST_WORKER" ? fault.message : `${fault.code}: ${fault.message}`;
  await transition(manager, run.id, ["RUNNING"], requested === "PAUSE" ? "PAUSED" : to, message, fields);
}

/**
 * Makes a run FAILED or CANCELED, and settles that with its purpose: the only way to these states, but for the runs that
 * depend on it, which FAIL and are settled in the same transaction.
 *
 * @param message what the run's log says.
 */
export async function end(
  manager: EntityManager,
  run: Run,
  from: RunState,
  to: "FAILED" | "CANCELED",
  message: string,
  error?: { code: string; message: string },
  fields: TransitionFields = {},
): Promise<void> {
  const dependents = await transition(manager, run.id, [from], to, message, { ...fields, error });
  await purposeOf(run).settleFailure?.(manager, run, message);
  if (dependents.length > 0) await settleFailures(manager, dependents);
}
