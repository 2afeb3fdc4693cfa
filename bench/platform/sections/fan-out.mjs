import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { pacedHint } from "../../../dist/pubsub/hints.js";
import { publish } from "../../../dist/pubsub/topics.js";
import { openWriter, points } from "../claimed-run.mjs";
import { startServer } from "../server.mjs";
import { sharedClock } from "../sockets.mjs";

export const title = "Fan-out: one run, ten updates a second, to many subscribers over WebSocket";

const intervalMs = 100;
const clientsModule = fileURLToPath(new URL("../fan-out-clients.mjs", import.meta.url));

/** @param context see bench/platform/run.mjs */
export async function run({ databaseUrl, log }) {
  const url = await databaseUrl();
  const writer = await openWriter(url);
  const server = await startServer(url);
  try {
    const measured = {};
    for (const [count, seconds] of [
      [10, 10],
      [1_000, 25],
    ]) {
      measured[count] = await measure({ url, writer, server, count, seconds });
      const { p50, p99, max, missing, chained, transactions, busy } = measured[count];
      log(
        `${count} subscribers, ${seconds} s: p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)}, most ${max.toFixed(0)} ms; ` +
          `${transactions.toFixed(2)} transactions of the server per update; it keeps ${(100 * busy).toFixed(0)} % of a core busy`,
      );
      if (missing > 0 || !chained) throw new Error("an update was lost or out of order");
    }
    const [few, many] = [measured[10], measured[1_000]];
    const more = many.transactions - few.transactions;
    return [
      { name: "1,000 subscribers, commit to received, p50", value: many.p50, unit: "ms" },
      {
        name: "1,000 subscribers, commit to received, p99",
        ...{ value: many.p99, unit: "ms", goal: "<= 250", holds: many.p99 <= 250 },
      },
      { name: "processor time of the server for 1,000 subscribers", value: 100 * many.busy, unit: "% of a core" },
      { name: "transactions of the server per update, 10 subscribers", value: few.transactions, unit: "" },
      {
        name: "transactions of the server per update, 1,000 subscribers",
        ...{ value: many.transactions, unit: "", goal: "as with 10", holds: more <= 0.5 },
      },
    ];
  } finally {
    await server.stop();
    await writer.close();
  }
}

async function measure({ url, writer, server, count, seconds }) {
  const run = await writer.startRun();
  const clients = fork(clientsModule);
  const hint = pacedHint(() => publish(writer.db, { type: "metrics", runId: run.runId }), intervalMs);
  clients.send({ type: "OPEN", count, url: server.url, key: server.key, runId: run.runId, after: startOf(run.runId) });
  await once(clients, "message");
  await delay(1_000);

  const before = await transactions(url);
  const worked = server.processorSeconds();
  const commits = [];
  const started = sharedClock();
  for (let seq = 1; seq <= (seconds * 1_000) / intervalMs; seq++) {
    await delay(Math.max(0, started + seq * intervalMs - sharedClock()));
    await run.append(points(seq, seq));
    commits.push([seq, sharedClock()]);
    hint();
  }
  const busy = (server.processorSeconds() - worked) / ((sharedClock() - started) / 1_000);
  await delay(2_000);
  // A point is stored in one transaction, and so is its hint.
  const server_ = (await transactions(url)) - before - 2 * commits.length;
  clients.send({ type: "CONCLUDE", commits });
  const [done] = await once(clients, "message");
  await once(clients, "exit");
  return { ...done, transactions: server_ / commits.length, busy };
}

/** The cursor before the first point: what a client gets that begins with a run. */
const startOf = (runId) => Buffer.from(`run-metrics ${runId} 0`).toString("base64url");

/** Committed in that database so far; sessions report theirs within a second of falling idle. */
async function transactions(url) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await delay(1_500);
    const { rows } = await client.query(
      "SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()",
    );
    return Number(rows[0].count);
  } finally {
    await client.end();
  }
}
