import { importJobs } from "./execute.js";
import { exportJobs } from "./execute-export.js";
import { type JobOptions, watchJobs } from "./jobs.js";

type WatchOptions = Omit<JobOptions, "leaseSeconds"> & { leaseSeconds?: number };

/** Executes imports, one at a time, as long as the server runs; those of servers that fell silent, too. */
export function watchImports(options: WatchOptions): { stop(): Promise<void> } {
  return watchJobs(importJobs, options);
}

/** Executes exports, as `watchImports` does imports; one does not wait for the other. */
export function watchExports(options: WatchOptions): { stop(): Promise<void> } {
  return watchJobs(exportJobs, options);
}
