import type { Import } from "../../entities/import.js";
import { logged } from "../../guarded.js";
import { claimImport } from "./claim.js";
import { type ExecuteOptions, executeImport } from "./execute.js";

/** How long an import may be held in silence, in seconds. */
const defaultLeaseSeconds = 10;
/** How often is looked for imports whose server has fallen silent. */
const lookMs = 2_000;

/** Executes imports, one at a time, as long as the server runs; those of servers that fell silent, too. */
export function watchImports(given: Omit<ExecuteOptions, "leaseSeconds"> & { leaseSeconds?: number }): {
  stop(): Promise<void>;
} {
  const { wakeups, db, logger } = given;
  const options = { ...given, leaseSeconds: given.leaseSeconds ?? defaultLeaseSeconds };
  const stopping = new AbortController();
  const wakeup = wakeups.on({ every: "import" });

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const claim = await claimImport(db, options.leaseSeconds).catch((error: unknown) => {
        logger.warn({ err: error }, "no import could be looked for");
        return undefined;
      });
      if (!claim) {
        await wakeup.wait(lookMs);
        continue;
      }
      await executeImport(options, claim, stopping.signal);
    }
  }
  const working = work().catch(logged(logger, "imports are no longer executed"));

  return {
    async stop() {
      stopping.abort();
      wakeup.close();
      await working;
    },
  };
}

/** Whether nothing more will become of an import. */
export function isEnded({ state }: Pick<Import, "state">): boolean {
  return state !== "QUEUED" && state !== "RUNNING";
}
