import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { MetricPoint } from "../../src/language/metrics/metrics.js";
import { pacedHint } from "../../src/pubsub/hints.js";
import { publish } from "../../src/pubsub/topics.js";
import { endRun } from "../../src/runs/finish.js";
import { renewLeases } from "../../src/runs/lease.js";
import { appendMetrics, recordRewind } from "../../src/runs/metrics.js";
import { train } from "../../src/runs/submit.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { reapExpired } from "../../src/scheduler/expired-leases.js";
import { randomOf } from "../support/random.js";
import { accepted, cpu, declareClouds, openWorkbench, type Workbench } from "../support/workbench.js";
import { type Batch, overEventStream, overWebSocket } from "./metric-clients.js";
import { type ServerProcess, startServerProcess } from "./server-process.js";

/** Another one tries other cuts: `SUBSCRIPTION_SEED=7 npx vitest run test/reliability/subscriptions.test.ts`. */
const seed = Number(process.env.SUBSCRIPTION_SEED ?? 1);
const clients = { overWebSocket: 40, overEventStream: 10 };

let bench: Workbench;
let server: ServerProcess;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  server = await startServerProcess(bench.url, bench.dataDirectory);
});
afterAll(async () => {
  await server?.stop();
  await bench?.close();
});

/** What an attempt measures at each number: what a second attempt repeats, it repeats exactly. */
function measured(seq: number, step = seq): MetricPoint {
  const value = [0.25, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1 / seq][seq % 5] as number;
  return { seq, name: seq % 7 === 0 ? "val_loss" : "loss", step, epoch: 1 + Math.floor(step / 100), value };
}

const renewals: NodeJS.Timeout[] = [];
afterEach(() => {
  for (const renewing of renewals.splice(0)) clearInterval(renewing);
});

/** The lease on the run's next attempt, as a worker takes it. */
async function claim(runId: string) {
  const [run] = await claimRuns(bench.db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  if (run?.id !== runId) throw new Error("another run was waiting");
  const lease = { runId, fence: run.fence };
  const renewing = setInterval(() => void renewLeases(bench.db, "worker_1", [lease]).catch(() => {}), 1_000);
  renewals.push(renewing);
  return { run, lease, renewing };
}

/** The lease runs out and another attempt gets the run, while the one before does not know yet. */
async function takeOver(runId: string, { renewing }: Awaited<ReturnType<typeof claim>>) {
  clearInterval(renewing);
  await bench.db.query("UPDATE run SET lease_expires_at = now() - interval '1 s' WHERE id = $1", [runId]);
  await reapExpired(bench.db);
  return claim(runId);
}

/** One client over all its connections, cut after 0.1 to 3 s each, until the run's last batch. */
async function follow(runId: string, open: typeof overWebSocket, random: () => number) {
  const seen = { points: [] as Batch["points"], rewinds: [] as object[], connections: 0, gaps: 0 };
  let cursor: string | undefined;
  let finished = false;
  while (!finished) {
    seen.connections += 1;
    const connection = open({
      ...{ url: server.url, key: server.key, runId, after: cursor },
      onBatch(batch) {
        if (cursor !== undefined && batch.previousCursor !== cursor) seen.gaps += 1;
        if (batch.rewind) seen.rewinds.push({ seq: batch.points[0]?.seq, toStep: batch.rewind.toStep });
        seen.points.push(...batch.points);
        ({ cursor, finished } = batch);
      },
    });
    await Promise.race([connection.ended, delay(100 + random() * 2_900)]);
    connection.cut();
    if (!finished) await delay(random() * 100);
  }
  return seen;
}

const shown = (value: number) => (Number.isFinite(value) ? value : String(value));

describe("fifty subscribers that are cut again and again, two dead servers and a lost worker", () => {
  const cases = [
    ["by the same means", false],
    ["by other means, so that steps are measured anew", true],
  ] as const;
  it.each(cases)("each sees every point exactly once and in order, where the run goes on %s", async (_how, rewinds) => {
    const random = randomOf(seed);
    const { runId } = await accepted(train(bench.db, { model: "kinds", optimizer: "adam", epochs: 1 }));
    const first = await claim(runId);
    const following = Object.entries(clients).flatMap(([transport, count]) =>
      Array.from({ length: count }, (_, index) => {
        const open = transport === "overWebSocket" ? overWebSocket : overEventStream;
        return follow(runId, open, randomOf(seed * 1_000 + index + count * 100));
      }),
    );

    const hint = pacedHint(() => publish(bench.db, { type: "metrics", runId }), 100);
    let head = 0;
    let offset = 0;
    const write = async (attempt: Awaited<ReturnType<typeof claim>>, ms: number) => {
      for (const deadline = performance.now() + ms; performance.now() < deadline; ) {
        const count = 1 + Math.floor(random() * 40);
        const points = Array.from({ length: count }, (_, index) =>
          measured(head + index + 1, head + index + 1 - offset),
        );
        const step = points.at(-1)?.step as number;
        await appendMetrics(bench.db, attempt.lease, points, { epoch: 1, epochs: 1, step, steps: 100_000 });
        head += count;
        // Some hints get lost.
        if (random() < 0.8) hint();
        await delay(random() * 60);
      }
    };
    await write(first, 2_000);
    const restarting = server.restart();
    await write(first, 2_000);
    await restarting;

    const second = await takeOver(runId, first);
    const late = appendMetrics(bench.db, first.lease, [measured(head + 1)], first.run.progress);
    await expect(late).rejects.toMatchObject({ code: "LEASE_LOST" });
    if (rewinds) {
      offset = 50;
      await recordRewind(bench.db, second.lease, { seq: head + 1, toStep: head - offset });
    } else {
      const repeated = Array.from({ length: 30 }, (_, index) => measured(head - 29 + index));
      await appendMetrics(bench.db, second.lease, repeated, second.run.progress);
    }
    await write(second, 2_000);
    const again = server.restart();
    await write(second, 2_000);
    await again;
    await endRun(bench.db, second.lease, second.run, { state: "FAILED", error: { code: "DIVERGED", message: "so" } });

    const rows = await bench.db.query<MetricPoint[]>(
      "SELECT seq, name, step, epoch, value FROM run_metric WHERE run_id = $1 ORDER BY seq",
      [runId],
    );
    expect(rows).toHaveLength(head);
    const expected = rows.map((row) => ({ ...row, value: shown(row.value) }));
    const told = await bench.db.query(
      'SELECT seq, to_step AS "toStep" FROM run_rewind WHERE run_id = $1 ORDER BY seq',
      [runId],
    );
    expect(told).toHaveLength(rewinds ? 1 : 0);
    const everybody = await Promise.all(following);
    for (const { points, rewinds: rewound, gaps } of everybody) {
      expect(gaps).toBe(0);
      expect(points.map(({ seq }) => seq)).toEqual(expected.map(({ seq }) => seq));
      expect(points).toEqual(expected);
      expect(rewound).toEqual(told);
    }
    expect(Math.min(...everybody.map(({ connections }) => connections))).toBeGreaterThan(2);
  });
});
