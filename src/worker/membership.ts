import { setTimeout as delay } from "node:timers/promises";
import type { PlatformError } from "../errors.js";
import { type Supervisor, type SupervisorOptions, startSupervisor } from "./supervisor.js";

/** The pause between attempts to register. */
const retryMs = 1_000;

/** A supervisor that another one, with another id, may replace. */
export interface Membership extends Pick<Supervisor, "drain"> {
  /** Of the current supervisor. */
  readonly workerId: string;
  /** Resolves when this process cannot be a worker any more and has drained. */
  readonly failed: Promise<PlatformError>;
}

/**
 * Registers this process as a worker. A worker that was taken for dead gets a new id.
 *
 * @param options.onLeaseLost what happens then. `END`: `failed` resolves, for a process that its supervisor starts again;
 *   `REJOIN`: it registers again, for a process that is shared with a server.
 */
export async function joinPlatform(
  options: SupervisorOptions & { onLeaseLost: "END" | "REJOIN" },
): Promise<Membership> {
  let supervisor = await startSupervisor(options);
  let closed = false;
  /** The next supervisor, while it starts, or drains because it started too late. */
  let starting: Promise<unknown> = Promise.resolve();

  async function startNext(): Promise<void> {
    const next = await startSupervisor(options);
    supervisor = next;
    if (closed) await next.drain();
  }

  async function follow(): Promise<PlatformError> {
    for (;;) {
      const reason = await supervisor.gaveUp;
      if (reason.code !== "LEASE_LOST" || options.onLeaseLost === "END") return reason;
      for (const former = supervisor; supervisor === former; ) {
        // After `drain`, nobody waits for a failure.
        if (closed) return new Promise<never>(() => {});
        const attempt = startNext();
        starting = attempt.catch(() => {});
        await attempt.catch((error: Error) => {
          options.logger.warn({ err: error }, "the worker could not register anew; trying again");
          return delay(retryMs);
        });
      }
    }
  }

  const failed = follow();
  return {
    get workerId() {
      return supervisor.workerId;
    },
    async drain() {
      closed = true;
      await supervisor.drain();
      await starting;
    },
    failed,
  };
}
