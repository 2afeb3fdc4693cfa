import type { DataSource } from "typeorm";
import { abandonPending, ObjectTaken } from "../../db/pending-objects.js";
import { PlatformError } from "../../errors.js";
import { dropped, guarded, logged, unawaited } from "../../guarded.js";
import type { Logger } from "../../logger.js";
import type { Wakeups } from "../../pubsub/wakeups.js";
import type { ReaderOptions } from "../reader/reader-process.js";
import {
  type Claim,
  claimJob,
  giveBack,
  isHeld,
  maximumStarts,
  type Queue,
  renewClaim,
  storeProgress,
} from "./claim.js";

/** What jobs are executed with. */
export interface JobOptions {
  db: DataSource;
  wakeups: Wakeups;
  reader: ReaderOptions;
  logger: Logger;
  leaseSeconds: number;
}

/** Why a job is no longer worked on here: it was canceled or lost, or the server stops. */
export class Stopped extends Error {}

/** A kind of jobs: where they wait, what is done for one, and how one fails. */
export interface JobKind {
  queue: Queue;
  /** @param keys the objects that were noted for it are added here. */
  attempt(options: JobOptions, claim: Claim, stopping: AbortSignal, keys: string[]): Promise<void>;
  /** Ends it as FAILED. The error is a `PlatformError` where its message is for users. */
  fail(db: DataSource, claim: Claim, error: unknown): Promise<void>;
}

const progressMs = 250;

/** Executes a job that this server holds: to its end, or until it is canceled, lost, or `stopping`. Never throws. */
async function execute(kind: JobKind, options: JobOptions, claim: Claim, stopping: AbortSignal): Promise<void> {
  const { db, logger } = options;
  const { queue } = kind;
  const keys: string[] = [];
  try {
    await kind.attempt(options, claim, stopping, keys);
  } catch (error) {
    await abandonPending(db, keys).catch(() => {});
    if (error instanceof Stopped) {
      if (stopping.aborted) await giveBack(db, queue, claim).catch(() => {});
      return;
    }
    logger.warn({ err: error, jobId: claim.id }, `an ${queue.topic} failed`);
    const isKilled = error instanceof PlatformError && error.code === "OUT_OF_MEMORY";
    const mayTryAgain = isKilled || error instanceof ObjectTaken || !(error instanceof PlatformError);
    // Unsaid, the lease runs out, and another server takes it up.
    if (mayTryAgain && claim.fence < maximumStarts) await giveBack(db, queue, claim).catch(() => {});
    else await kind.fail(db, claim, error).catch(() => {});
  }
}

/**
 * Does the work for a job as long as this server holds it: renews its lease and the notes of its objects, and aborts where
 * it is canceled, lost, or `stopping`.
 */
export async function whileHeld<Result>(
  { db, wakeups, logger, leaseSeconds }: JobOptions,
  queue: Queue,
  claim: Claim,
  { stopping, keys }: { stopping: AbortSignal; keys: readonly string[] },
  work: (signal: AbortSignal, progress: (rows: number, bytes: number) => void) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const abandoned = guarded(() => stop.abort(new Stopped()), logged(logger, `an ${queue.topic} could not be stopped`));
  stopping.addEventListener("abort", abandoned, { once: true });
  if (stopping.aborted) abandoned();
  const renew = guarded(
    async () => {
      if (!(await renewClaim(db, queue, claim, leaseSeconds, keys))) abandoned();
    },
    // The next renewal comes before the lease runs out, or the fence refuses what comes of it.
    logged(logger, `the lease of an ${queue.topic} could not be renewed`),
  );
  // A cancellation is told at once, and found out at the next renewal.
  const unsubscribe = wakeups.subscribe(queue.topic, (id) => {
    if (id === claim.id)
      unawaited(
        isHeld(db, queue, claim).then((held) => !held && abandoned()),
        dropped,
      );
  });
  const renewing = setInterval(renew, (leaseSeconds * 1_000) / 3);
  let [told, isTelling] = [0, false];
  const progress = (rows: number, bytes: number) => {
    if (isTelling || performance.now() - told < progressMs) return;
    [told, isTelling] = [performance.now(), true];
    const done = storeProgress(db, queue, claim, { rows, bytes }).finally(() => {
      isTelling = false;
    });
    unawaited(done, logged(logger, `the progress of an ${queue.topic} could not be stored`));
  };
  try {
    return await work(stop.signal, progress);
  } finally {
    clearInterval(renewing);
    unsubscribe();
    stopping.removeEventListener("abort", abandoned);
  }
}

/** How long a job may be held in silence, in seconds. */
const defaultLeaseSeconds = 10;
/** How often is looked for jobs whose server has fallen silent. */
const lookMs = 2_000;

/** Executes jobs of a kind, one at a time, as long as the server runs; those of servers that fell silent, too. */
export function watchJobs(
  kind: JobKind,
  given: Omit<JobOptions, "leaseSeconds"> & { leaseSeconds?: number },
): { stop(): Promise<void> } {
  const { wakeups, db, logger } = given;
  const { queue } = kind;
  const options = { ...given, leaseSeconds: given.leaseSeconds ?? defaultLeaseSeconds };
  const stopping = new AbortController();
  const wakeup = wakeups.on({ every: queue.topic });

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const claim = await claimJob(db, queue, options.leaseSeconds).catch((error: unknown) => {
        logger.warn({ err: error }, `no ${queue.topic} could be looked for`);
        return undefined;
      });
      if (!claim) {
        await wakeup.wait(lookMs);
        continue;
      }
      await execute(kind, options, claim, stopping.signal);
    }
  }
  const working = work().catch(logged(logger, `${queue.topic}s are no longer executed`));

  return {
    async stop() {
      stopping.abort();
      wakeup.close();
      await working;
    },
  };
}
