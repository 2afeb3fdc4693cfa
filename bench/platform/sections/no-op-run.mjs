// What the scheduler takes of a run that computes nothing: claim and end, each with its transaction and its log entries.
// `node bench/platform/sections/no-op-run.mjs` runs it alone, on an embedded Postgres of its own.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import pg from "pg";
import { declareOnce, queueRuns } from "../queue-of-runs.mjs";

export const title = "Scheduler: overhead of a run";

const dist = fileURLToPath(new URL("../../../dist/", import.meta.url));
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);

const runs = 300;
const goalMs = 50;

/** @param {{databaseUrl: () => Promise<string>, log: (text: string) => void}} context */
export async function run({ databaseUrl, log }) {
  const url = await databaseUrl();
  const { openDatabase } = await load("db/database.js");
  const { claimRuns } = await load("scheduler/claim.js");
  const { endRun } = await load("runs/finish.js");
  const client = new pg.Client(url);
  await client.connect();
  const db = await openDatabase({ url, poolSize: 2 });
  const claims = [];
  const ends = [];
  try {
    await declareOnce(client);
    await queueRuns(client, { count: runs, mixed: false });
    const device = { kind: "CPU", name: "CPU", memoryBytes: 2 ** 36, slots: 1, provider: "cpu", uuid: null };
    for (let index = 0; index < runs; index++) {
      const start = performance.now();
      const [claimed] = await claimRuns(db, { id: "worker_1", devices: [device], holds: [] });
      const between = performance.now();
      await endRun(db, { runId: claimed.id, fence: claimed.fence }, claimed, { state: "CANCELED" });
      claims.push(between - start);
      ends.push(performance.now() - between);
    }
  } finally {
    await client.end();
    await db.destroy();
  }
  const [claim, end] = [median(claims), median(ends)];
  log(`claim ${claim.toFixed(1)} ms, end ${end.toFixed(1)} ms a run`);
  const whole = claim + end;
  return [
    { name: "claim of one run, median", value: round(claim), unit: "ms", goal: "none", holds: true },
    { name: "end of one run, median", value: round(end), unit: "ms", goal: "none", holds: true },
    {
      name: "scheduler's part of a no-op run",
      value: round(whole),
      unit: "ms",
      goal: `<= ${goalMs}`,
      holds: whole <= goalMs,
    },
  ];
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const round = (value) => Math.round(value * 10) / 10;
