import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { Run } from "../../src/entities/run.js";
import { ModelVersion } from "../../src/entities/version.js";
import { Worker } from "../../src/entities/worker.js";
import { type TestDatabase, testDatabase } from "../support/database.js";
import { createNetwork, type Host, type Network, noNetwork } from "../support/network.js";
import { acquireServer, cachedBinary, type S3Server, urlVariable } from "../support/s3-server.mjs";
import { cloudRows, finished, until } from "../support/workbench.js";

const noServer = process.env[urlVariable] || (await cachedBinary()) ? undefined : "needs an S3 server";
const missing = noNetwork() ?? noServer;
const operatorKey = "one-key-for-all-hosts-of-it";
const training = {
  model: "kinds",
  optimizer: "adam",
  batchSize: 16,
  seed: 7,
  epochs: 1_500,
  checkpoint: { everySteps: 500 },
};

/** A server and a worker on one host. */
interface Site {
  host: Host;
  /** A Unix socket that leads to its server. */
  socket: string;
  worker: ChildProcess;
  startWorker(): ChildProcess;
}

describe.skipIf(missing)(
  `two hosts that share Postgres and a bucket${missing ? ` (left out: ${missing})` : ""}`,
  () => {
    let database: TestDatabase;
    let s3: S3Server;
    let network: Network;
    let dataDirectory: string;
    let sites: [Site, Site];

    beforeAll(async () => {
      database = await testDatabase();
      s3 = (await acquireServer()) as S3Server;
      dataDirectory = await mkdtemp(join(tmpdir(), "perennial-hosts-"));
      network = await createNetwork(2);
      await network.offer(5432, new URL(database.url).host);
      await network.offer(9000, new URL(s3.url).host);
      // One after the other: the first one marks the bucket as this platform's.
      sites = [await startSite(0), await startSite(1)];
      await declare(sites[0]);
    });
    afterAll(async () => {
      await network?.close();
      await s3?.stop();
      await database?.close();
      await rm(dataDirectory, { recursive: true, force: true });
    });

    async function startSite(index: 0 | 1): Promise<Site> {
      const host = network.hosts[index] as Host;
      const shared = { database: new URL(database.url), store: new URL(s3.url) };
      shared.database.host = `${network.hub}:5432`;
      shared.store.host = `${network.hub}:9000`;
      const env = {
        ...process.env,
        ...{
          DATABASE_URL: shared.database.href,
          PERENNIAL_S3_URL: shared.store.href,
          PERENNIAL_OPERATOR_KEY: operatorKey,
        },
        ...{
          PERENNIAL_DATA_DIR: join(dataDirectory, String(index)),
          PERENNIAL_SLOTS: "1",
          HOST: host.address,
          PORT: "4000",
          PERENNIAL_ALLOWED_HOSTS: "localhost",
        },
      };
      const program = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));
      const startWorker = () => host.start(program, ["worker"], env);
      await isUp(host.start(program, ["server"], env));
      const worker = startWorker();
      await isUp(worker);
      return { host, socket: await network.socketTo(host, 4000), worker, startWorker };
    }

    const runOf = (id: string) => database.db.manager.findOneByOrFail(Run, { id });
    const digestOf = async (runId: string) =>
      (await database.db.manager.findOneByOrFail(ModelVersion, { runId })).digest;
    const queue = async (site: Site): Promise<string> =>
      (await ask(site, "mutation ($input: TrainInput!) { train(input: $input) { run { id } } }", { input: training }))
        .train.run.id;

    it("train as one; when one is cut off, the other goes on from its checkpoint to the same weights", async () => {
      const calm = await queue(sites[0]);
      expect(await finished(database.db, calm)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });

      const runId = await queue(sites[1]);
      await until(
        async () => (await database.db.query("SELECT FROM checkpoint WHERE run_id = $1", [runId])).length > 0,
      );
      const { workerId } = await runOf(runId);
      const { pid } = await database.db.manager.findOneByOrFail(Worker, { id: workerId as string });
      const cut = sites.findIndex(({ worker }) => worker.pid === pid);
      const [lost, other] = [sites[cut] as Site, sites[1 - cut] as Site];
      const watching = follow(lost, runId, null);
      await until(async () => watching.seqs.length > 0);
      await lost.host.cutOff();

      const run = await finished(database.db, runId);
      expect(run).toMatchObject({ state: "SUCCEEDED", attempt: 2 });
      expect(await digestOf(runId)).toBe(await digestOf(calm));
      const resumed = await database.db.query("SELECT message FROM run_event WHERE run_id = $1 AND kind = 'RESUMED'", [
        runId,
      ]);
      expect(resumed).toEqual([{ message: expect.stringMatching(/^resumed after step [1-9]/) }]);
      // Whom the cut-off server cannot reach, the other one serves from the same cursor.
      await watching.close();
      const rest = follow(other, runId, watching.cursor);
      await rest.ended;
      expect([...watching.seqs, ...rest.seqs]).toEqual(Array.from({ length: run.metricHead }, (_, index) => index + 1));

      await lost.host.rejoin();
      // What the worker that was cut off still had to say is refused: taken for dead, it ends, and its host starts another.
      await until(async () => lost.worker.exitCode !== null || lost.worker.signalCode !== null);
      expect(lost.worker.exitCode).toBe(1);
      lost.worker = lost.startWorker();
      await isUp(lost.worker);
      expect(await database.db.manager.countBy(ModelVersion, { runId })).toBe(1);
      expect(await runOf(runId)).toMatchObject({ state: "SUCCEEDED", attempt: 2, metricHead: run.metricHead });

      const pair = [await queue(lost), await queue(other)];
      await until(async () => (await Promise.all(pair.map(runOf))).every(({ state }) => state === "RUNNING"));
      const workers = new Set((await Promise.all(pair.map(runOf))).map((each) => each.workerId));
      expect(workers.size).toBe(2);
      for (const id of pair) expect(await finished(database.db, id)).toMatchObject({ state: "SUCCEEDED" });
      expect(await digestOf(pair[0] as string)).toBe(await digestOf(calm));
    }, 180_000);
  },
);

/** Resolves when `up.js` says so. */
async function isUp(child: ChildProcess): Promise<void> {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (text += chunk));
  const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${text}`)));
  ended.catch(() => {});
  while (!text.includes("Perennial is up"))
    await Promise.race([ended, once(child.stdout as NodeJS.ReadableStream, "data")]);
}

// biome-ignore lint/suspicious/noExplicitAny: the test looks into answers as a client without types would.
type Json = any;

/** GraphQL over HTTP, answered by the server of a site. */
function ask({ socket }: Site, query: string, variables: unknown): Promise<Json> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${operatorKey}` };
    const call = request({ socketPath: socket, path: "/graphql", method: "POST", headers }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      const { data, errors } = JSON.parse(text);
      if (errors) reject(new Error(text));
      else resolve(data);
    });
    call.on("error", reject);
    call.end(JSON.stringify({ query, variables }));
  });
}

async function declare(site: Site): Promise<void> {
  const mutation = (name: string, input: string) =>
    `mutation ($input: ${input}!) { ${name}(input: $input) { problems { message } } }`;
  const features = [
    { name: "x", type: "NUMBER" },
    { name: "y", type: "NUMBER" },
    { name: "kind", type: "CATEGORY", categories: ["a", "b", "c"] },
  ];
  const layers = [{ dense: { units: 16, activation: "RELU" } }, { dropout: { rate: 0.1 } }];
  for (const [name, type, input] of [
    ["declareDataset", "DeclareDatasetInput", { name: "clouds", features }],
    ["appendRows", "AppendRowsInput", { dataset: "clouds", rows: cloudRows(120) }],
    ["declareModel", "DeclareModelInput", { name: "kinds", dataset: "clouds", target: "kind", layers }],
    [
      "declareOptimizer",
      "DeclareOptimizerInput",
      { name: "adam", algorithm: { adam: {} }, learningRate: { constant: 0.01 } },
    ],
  ] as const) {
    const answer = await ask(site, mutation(name, type), { input });
    expect(answer[name].problems).toEqual([]);
  }
}

/** Collects the points of a run from the server of a site. */
function follow({ socket }: Site, runId: string, after: string | null) {
  const client = new WebSocket(`ws+unix:${socket}:/graphql`, "graphql-transport-ws");
  const send = (message: unknown) => client.send(JSON.stringify(message));
  const query = `subscription ($runId: ID!, $after: String) {
    runMetrics(runId: $runId, after: $after) { cursor points { seq } finished } }`;
  const seen = { seqs: [] as number[], cursor: after, ended: once(client, "close"), close };
  client.on("open", () => send({ type: "connection_init", payload: { authorization: `Bearer ${operatorKey}` } }));
  client.on("message", (data) => {
    const message: Json = JSON.parse(String(data));
    if (message.type === "connection_ack")
      send({ id: "1", type: "subscribe", payload: { query, variables: { runId, after } } });
    if (message.type === "complete") client.close();
    if (message.type !== "next") return;
    const batch = message.payload.data.runMetrics;
    seen.seqs.push(...batch.points.map((point: { seq: number }) => point.seq));
    seen.cursor = batch.cursor;
  });
  async function close(): Promise<void> {
    client.terminate();
    await seen.ended;
  }
  return seen;
}
