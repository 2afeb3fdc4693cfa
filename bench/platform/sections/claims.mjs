// How fast workers claim from a long queue, and how soon an idle worker has what was queued.
// `node bench/platform/sections/claims.mjs` runs it alone, on an embedded Postgres of its own.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import pg from "pg";
import { declareOnce, queueRuns } from "../queue-of-runs.mjs";

export const title = "Scheduler: claims";

const dist = fileURLToPath(new URL("../../../dist/", import.meta.url));
const load = (file) => import(pathToFileURL(path.join(dist, file)).href);

const workers = 4;
const queued = 10_000;
const slots = 32;
/** Claims that are measured of one round; the queue stays long all along. */
const claims = 6_000;
const latencies = 300;

/** @param {{databaseUrl: () => Promise<string>, log: (text: string) => void}} context */
export async function run({ databaseUrl, log }) {
  return [...(await throughput(await databaseUrl(), log)), ...(await latency(await databaseUrl(), log))];
}

/** Four workers, each with a connection pool of its own, claim into free slots that are free again at once. */
async function throughput(url, log) {
  const { openDatabase } = await load("db/database.js");
  const { claimRuns } = await load("scheduler/claim.js");
  const values = [];
  for (const [name, free, goal] of [
    [`claims/s, ${workers} workers with ${slots} free slots each, ${queued} queued`, slots, 1_000],
    [`claims/s, ${workers} workers with 4 free slots each, ${queued} queued`, 4, null],
  ]) {
    const databases = [];
    for (let index = 0; index < workers; index++) databases.push(await openDatabase({ url, poolSize: 2 }));
    const client = await connect(url);
    try {
      await client.query("TRUNCATE run, dataset, optimizer CASCADE");
      await declareOnce(client);
      await queueRuns(client, { count: queued });
      let claimed = 0;
      const work = async (db, index) => {
        const worker = { id: `worker_${index}`, devices: [device(free)], holds: [] };
        while (claimed < claims) {
          const runs = await claimRuns(db, worker);
          claimed += runs.length;
          // At the end of a priority others may hold all that is left of it: a worker then waits for its next hint.
          if (runs.length === 0) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            continue;
          }
          // What was claimed is over at once: only the claim is measured.
          await db.query("UPDATE run SET state = 'CANCELED', worker_id = NULL WHERE id = ANY($1)", [
            runs.map(({ id }) => id),
          ]);
        }
      };
      const start = performance.now();
      await Promise.all(databases.map(work));
      const perSecond = claimed / ((performance.now() - start) / 1_000);
      const { rows } = await client.query("SELECT max(attempt) AS most FROM run");
      if (rows[0].most !== 1) throw new Error(`a run was claimed ${rows[0].most} times`);
      log(`${name}: ${perSecond.toFixed(0)}`);
      values.push({
        ...{ name, value: Math.round(perSecond), unit: "1/s" },
        ...{ goal: goal ? `>= ${goal}` : "none", holds: goal === null || perSecond >= goal },
      });
    } finally {
      await client.end();
      for (const db of databases) await db.destroy();
    }
  }
  return values;
}

/** From before the INSERT that queues a run to after the claim of an idle worker's, woken by its NOTIFY. */
async function latency(url, log) {
  const { openDatabase } = await load("db/database.js");
  const { listen } = await load("pubsub/wakeups.js");
  const { claimRuns } = await load("scheduler/claim.js");
  const { publish } = await load("pubsub/topics.js");
  const silent = { debug() {}, info() {}, warn() {}, error() {} };
  const server = await openDatabase({ url, poolSize: 2 });
  const client = await connect(url);
  await declareOnce(client);
  const claimedAt = new Map();
  let stopped = false;
  const idle = await Promise.all(
    Array.from({ length: workers }, async (_, index) => {
      const db = await openDatabase({ url, poolSize: 2 });
      const wakeups = await listen({ url, logger: silent });
      const wakeup = wakeups.on({ type: "queue" });
      const worker = { id: `worker_${index}`, devices: [device(slots)], holds: [] };
      const loop = (async () => {
        while (!stopped) {
          for (let runs = await claimRuns(db, worker); runs.length > 0; runs = await claimRuns(db, worker)) {
            for (const { id } of runs) claimedAt.set(id, performance.now());
            await db.query("UPDATE run SET state = 'CANCELED', worker_id = NULL WHERE id = ANY($1)", [
              runs.map(({ id }) => id),
            ]);
          }
          await wakeup.wait(1_000);
        }
      })();
      return {
        async stop() {
          wakeup.close();
          await loop;
          await wakeups.close();
          await db.destroy();
        },
      };
    }),
  );
  try {
    const times = [];
    for (let index = 0; index < latencies; index++) {
      await new Promise((resolve) => setTimeout(resolve, 10 + (index % 7)));
      const start = performance.now();
      const id = await server.transaction(async (manager) => {
        await queueRuns(manager, { count: 1, mixed: false });
        await publish(manager, { type: "queue" });
        const [{ id: queuedId }] = await manager.query("SELECT id FROM run WHERE state = 'QUEUED'");
        return queuedId;
      });
      while (!claimedAt.has(id)) await new Promise((resolve) => setTimeout(resolve, 1));
      times.push(claimedAt.get(id) - start);
    }
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.min(times.length - 1, Math.ceil(share * times.length) - 1)];
    log(`enqueue to claim: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`);
    const name = `enqueue to claim, ${workers} idle workers`;
    return [
      { name: `${name}, p50`, value: round(at(0.5)), unit: "ms", goal: "none", holds: true },
      { name: `${name}, p99`, value: round(at(0.99)), unit: "ms", goal: "<= 100", holds: at(0.99) <= 100 },
    ];
  } finally {
    stopped = true;
    for (const worker of idle) await worker.stop();
    await server.destroy();
    await client.end();
  }
}

const device = (count) => ({
  ...{ kind: "CPU", name: "CPU", memoryBytes: 2 ** 36, slots: count, provider: "cpu", uuid: null },
});

async function connect(url) {
  const client = new pg.Client(url);
  await client.connect();
  return client;
}

const round = (value) => Math.round(value * 10) / 10;
