import { setTimeout as delay } from "node:timers/promises";
import type { PlatformError } from "../errors.js";
import { type Supervisor, type SupervisorOptions, startSupervisor } from "./supervisor.js";

/** How long to wait before another try to register. */
const retryMs = 1_000;

/** A supervisor that may be followed by another one, under another id. */
export interface Membership extends Pick<Supervisor, "drain"> {
  /** Of the present supervisor. */
  readonly workerId: string;
  /** Resolves when this process can be no worker any more, and has drained. */
  readonly failed: Promise<PlatformError>;
}

/**
 * A worker that was taken for dead is another one when it comes back. @param onLeaseLost `END`: a process of its own ends
 * with `failed`, and whoever supervises it starts a new one; `REJOIN`: one that shares its process registers anew.
 */
export async function joinPlatform(
  options: SupervisorOptions & { onLeaseLost: "END" | "REJOIN" },
): Promise<Membership> {
  let supervisor = await startSupervisor(options);
  let closed = false;
  /** The next one, while it is being started and, where it comes too late, drained. */
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
        // Nothing has failed that anybody still waits to hear of.
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
