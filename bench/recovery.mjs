// How long a training stands still when something is killed: from SIGKILL to the first point that was not stored before.
// First its trainer, on the same host; then the whole worker, with another one at hand, at the default lease of 6 s.
// PostgreSQL, a server and two workers on loopback, in a fresh data directory. `node bench/recovery.mjs [kills]`
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { startPostgres } from "../dist/embedded/postgres.js";

const kills = Number(process.argv[2] ?? 20);
/** Between a kill and the next one: whatever was started anew has had time to load. */
const restMs = 4_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

const dataDirectory = mkdtempSync(path.join(os.tmpdir(), "perennial-recovery-"));
const postgres = await startPostgres({ dataDirectory, logger: silent });
const env = {
  ...process.env,
  ...{ DATABASE_URL: postgres.url, PERENNIAL_DATA_DIR: dataDirectory, PERENNIAL_DEVICES: "cpu", PERENNIAL_SLOTS: "1" },
  ...{ PORT: "0", LOG_LEVEL: "error" },
};
const children = new Map();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    for (const child of children.values()) child.kill("SIGKILL");
    // PostgreSQL goes with this process.
    process.exit(1);
  });

/** Starts a role, and resolves with what it prints when it is up. */
function start(role) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../dist/programs/up.js", import.meta.url)), role], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.set(child.pid, child);
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (text.includes("Perennial is up")) resolve(text);
    });
    child.once("exit", (code) => {
      children.delete(child.pid);
      reject(new Error(`${role} ended with ${code}: ${text}`));
    });
  });
}

const db = new pg.Client(postgres.url);
await db.connect();
const one = async (text, values) => (await db.query(text, values)).rows[0];

/** Kills, and answers the milliseconds until the run has a point that was not stored before. */
async function recovery(runId, kill) {
  kill();
  const killed = performance.now();
  // What the dead had sent is stored within this time; a recovery takes longer.
  await delay(100);
  const { head } = await one("SELECT metric_head AS head FROM run WHERE id = $1", [runId]);
  for (;;) {
    const run = await one("SELECT metric_head AS head, state FROM run WHERE id = $1", [runId]);
    if (run.head > head && run.state === "RUNNING") return performance.now() - killed;
    if (!["RUNNING", "QUEUED"].includes(run.state)) throw new Error(`the run is ${run.state}`);
    await delay(5);
  }
}

function trainerOf(runId) {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  return Number.parseInt(
    lines.find((line) => line.includes(`trainer ${runId}`)),
    10,
  );
}

function report(what, times, limitMs) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  const [p50, p99] = [at(0.5), at(0.99)];
  const seconds = (ms) => (ms / 1_000).toFixed(2);
  console.log(
    `${what}: p50 ${seconds(p50)} s, p99 ${seconds(p99)} s of ${times.length} (at most ${limitMs / 1_000} s: ${p99 <= limitMs ? "yes" : "NO"})`,
  );
}

try {
  const printed = await start("server");
  const url = /is up .*: (http:\/\/\S+) /.exec(printed)[1];
  const key = readFileSync(path.join(dataDirectory, "operator.key"), "utf8").trim();
  const request = async (query, variables) => {
    const response = await fetch(`${url}/graphql`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    const problems = Object.values(data ?? {}).flatMap((answer) => answer?.problems ?? []);
    if (errors || problems.length > 0) throw new Error(JSON.stringify(errors ?? problems));
    return data;
  };
  await Promise.all([start("worker"), start("worker")]);
  const rows = Array.from({ length: 512 }, (_, row) => ({
    x: Math.sin(row),
    y: Math.cos(row * 1.7),
    z: Math.sin(row * 0.3),
  }));
  await request(
    `mutation ($rows: [JSONObject!]!) {
      declareDataset(input: { name: "bench", features: [
        { name: "x", type: NUMBER }, { name: "y", type: NUMBER }, { name: "z", type: NUMBER }] }) { problems { message } }
      appendRows(input: { dataset: "bench", rows: $rows }) { problems { message } }
      declareModel(input: { name: "bench", dataset: "bench", target: "z", layers: [{ dense: { units: 512, activation: RELU } }] }) { problems { message } }
      declareOptimizer(input: { name: "bench", algorithm: { adam: {} }, learningRate: { constant: 0.001 } }) { problems { message } }
    }`,
    { rows },
  );
  const { train } = await request(
    `mutation { train(input: { model: "bench", optimizer: "bench", batchSize: 64, epochs: 1000000, checkpoint: { everySteps: 50 } }) {
      problems { message } run { id } } }`,
  );
  const runId = train.run.id;
  while ((await one("SELECT metric_head AS head FROM run WHERE id = $1", [runId])).head < 200) await delay(20);

  const trainers = [];
  for (let kill = 0; kill < kills; kill++) {
    await delay(restMs);
    const pid = trainerOf(runId);
    trainers.push(await recovery(runId, () => process.kill(pid, "SIGKILL")));
  }
  console.log(
    `${os.cpus()[0]?.model ?? "CPU"}, ${os.availableParallelism()} cores, ${new Date().toISOString().slice(0, 10)}`,
  );
  report("SIGKILL of a trainer, resumed on the same host", trainers, 2_000);

  const workers = [];
  for (let kill = 0; kill < kills; kill++) {
    await delay(restMs);
    const { pid } = await one("SELECT pid FROM worker JOIN run ON run.worker_id = worker.id WHERE run.id = $1", [
      runId,
    ]);
    const worker = children.get(pid);
    worker.removeAllListeners("exit");
    workers.push(await recovery(runId, () => worker.kill("SIGKILL")));
    children.delete(pid);
    await start("worker");
  }
  report("SIGKILL of a worker, resumed by another", workers, 10_000);
  await request(`mutation ($id: ID!) { cancelRun(input: { runId: $id }) { problems { message } } }`, {
    id: runId,
  }).catch((error) => console.error(error.message));
} finally {
  await db.end();
  for (const child of [...children.values()].reverse()) {
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
  await postgres.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}
