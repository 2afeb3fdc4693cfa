import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import WebSocket from "ws";
import { createContext, type Platform } from "../../src/graphql/context/context.js";
import { createSchema } from "../../src/graphql/schema.js";
import { silent } from "../../src/logger.js";
import { openReaders } from "../../src/pubsub/shared-logs.js";
import { publish } from "../../src/pubsub/topics.js";
import { appendMetrics } from "../../src/runs/metrics.js";
import { train } from "../../src/runs/submit.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { startHttpServer } from "../../src/transport/http.js";
import { testIntake } from "../support/intake.js";
import { accepted, cpu, declareClouds, openWorkbench, until, type Workbench } from "../support/workbench.js";

/** Ten minutes: `STALLED_SECONDS=600 npx vitest run test/reliability/stalled.test.ts`. */
const seconds = Number(process.env.STALLED_SECONDS ?? 15);
const count = 100;

let bench: Workbench;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
});
afterAll(() => bench?.close());

const query = "subscription ($runId: ID!) { runMetrics(runId: $runId) { cursor points { seq name step value } } }";

/** How many points the run has before anybody asks, and a batch at most. */
const backlog = { points: 20_000, batch: 500 };
/** Batches that a client has had. */
const had = new WeakMap<WebSocket, number>();

/** A client that has asked for a run's metrics. One that stalls reads no byte more, but answers pings. */
async function open(url: string, key: string, runId: string, stalls: boolean): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${key}` } }));
  await once(socket, "message");
  socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query, variables: { runId } } }));
  if (stalls) socket.pause();
  else socket.on("message", () => had.set(socket, (had.get(socket) ?? 0) + 1));
  const answering = setInterval(() => socket.readyState === WebSocket.OPEN && socket.pong(), 2_000);
  socket.once("close", () => clearInterval(answering));
  socket.on("error", () => {});
  return socket;
}
const crowd = (url: string, key: string, runId: string, stalls: boolean) =>
  Promise.all(Array.from({ length: count }, () => open(url, key, runId, stalls)));
const leave = (sockets: WebSocket[]) => {
  for (const socket of sockets) socket.terminate();
};

/** A run with a backlog far beyond what a socket's buffers take, that goes on measuring until it is told to stop. */
async function measuringRun(): Promise<{ runId: string; stop(): Promise<void> }> {
  const { runId } = await accepted(train(bench.db, { model: "kinds", optimizer: "adam", epochs: 1 }));
  const [run] = await claimRuns(bench.db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  if (run?.id !== runId) throw new Error("another run was waiting");
  await bench.db.query("UPDATE run SET lease_expires_at = now() + interval '1 hour' WHERE id = $1", [runId]);
  let seq = 0;
  const write = async (many: number) => {
    const points = Array.from({ length: many }, (_, index) => {
      const step = seq + index + 1;
      return { seq: step, name: "loss", step, epoch: 1, value: 1 / step };
    });
    seq += many;
    await appendMetrics(bench.db, { runId, fence: run.fence }, points, { ...run.progress, step: seq });
    await publish(bench.db, { type: "metrics", runId });
  };
  for (let batch = 0; batch < 10; batch++) await write(backlog.points / 10);
  let stopping = false;
  const writing = (async () => {
    for (; !stopping; await delay(100)) await write(20);
  })();
  return {
    runId,
    async stop() {
      stopping = true;
      await writing;
    },
  };
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that server and clients hold together, garbage aside. */
function held(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const name = `a hundred subscribers that stop reading for ${seconds} s make a server hold at most 20 MB, and leave no reader behind`;
test(name, { timeout: (seconds + 240) * 1_000 }, async () => {
  const { db, store, wakeups } = bench;
  const never = () => Promise.reject(new Error("nothing is asked of it here"));
  const platform: Platform = {
    ...{ db, store, wakeups, reader: { modulePath: "none", env: {} }, logger: silent },
    predictor: { predictBy: never },
    planner: { planTraining: never, unsupportedKernels: async () => [] },
    intake: testIntake(),
  };
  const key = "pk_test-key-0123456789abcdefghijklmnopqrstuv";
  const server = await startHttpServer({
    ...{
      schema: createSchema(),
      createContext: () => createContext(platform),
      operatorKey: key,
      port: 0,
      logger: silent,
    },
    readiness: async () => ({ ready: true, reasons: [] }),
  });
  const run = await measuringRun();
  // Readers who read come first: what is allocated for any traffic is no cost of those who stall.
  const readers = await crowd(server.url, key, run.runId, false);
  await delay(3_000);
  await until(async () => readers.every((socket) => (had.get(socket) ?? 0) >= backlog.points / backlog.batch), 90_000);
  leave(readers);
  await until(async () => openReaders(platform) === 0);
  const before = held();
  const stalled = await crowd(server.url, key, run.runId, true);
  await until(async () => openReaders(platform) === count);
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await delay(1_000))
    expect((held() - before) / 1e6).toBeLessThan(20);
  expect(stalled.filter(({ readyState }) => readyState === WebSocket.OPEN)).toHaveLength(count);
  expect(openReaders(platform)).toBe(count);
  expect(wakeups.open).toBe(1);
  leave(stalled);
  await until(async () => openReaders(platform) === 0);
  expect(wakeups.open).toBe(0);
  await run.stop();
  await server.close();
});
