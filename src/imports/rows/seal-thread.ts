import { parentPort } from "node:worker_threads";
import type { Table } from "../../features/table.js";
import { type SealRequest, sealTable } from "../../intake/seal.js";
import { serveThread } from "../../threads/serve-thread.js";

/** The thread's side of `createSealer`: makes segments of rows that have been read. */
serveThread(parentPort, async ({ request, table }: { request: SealRequest; table: Table }) => ({
  result: await sealTable(request, table),
}));
