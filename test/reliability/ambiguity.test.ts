import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import { startPostgres } from "../../src/embedded/postgres.js";
import { Checkpoint } from "../../src/entities/checkpoint.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { silent } from "../../src/logger.js";
import { metricHistory } from "../../src/runs/metric-history.js";
import { train } from "../../src/runs/submit.js";
import { startReaper } from "../../src/scheduler/reaper.js";
import type { TestDatabase } from "../support/database.js";
import { leastOf } from "../support/least-of.js";
import { postgresStatements, startTcpProxy, type TcpProxy, throughProxy } from "../support/tcp-proxy.js";
import { accepted, declareClouds, finished, openWorkbench, until, type Workbench } from "../support/workbench.js";
import { openProxiedDatabase, openWorkbenchThroughProxy } from "./proxied.js";

const statementMs = 1_000;
const training = {
  ...{ model: "kinds", optimizer: "adam", batchSize: 16, seed: 7, epochs: 12 },
  checkpoint: { everySteps: 10, keep: { latest: 100 } },
};

const repeated = <Value>(values: Value[]) => values.filter((value, index) => values.indexOf(value) !== index);

/** All that a run leaves, but for what tells the time and the attempt. */
async function traceOf(db: DataSource, runId: string) {
  const { state, metricHead, summary } = await finished(db, runId);
  const version = await db.manager.findBy(ModelVersion, { runId });
  const checkpoints = await db.manager.find(Checkpoint, { where: { runId }, order: { step: "ASC" } });
  const events = await db.manager.find(RunEvent, { where: { runId }, order: { seq: "ASC" } });
  const points = await db.query<{ seq: number }[]>("SELECT seq FROM run_metric WHERE run_id = $1 ORDER BY seq", [
    runId,
  ]);
  const steps = checkpoints.map(({ step }) => step);
  const saved = events.flatMap(({ kind, message }) => (kind === "CHECKPOINT_SAVED" ? [message] : []));
  const told = events.map(({ kind, message }) => `${kind}: ${message}`);
  return {
    ...{ state, metricHead, summary },
    digests: version.map(({ digest }) => digest),
    metrics: (await metricHistory(db, [runId], null, 10_000)).get(runId),
    seqs: points.map(({ seq }) => seq),
    // Which others are saved depends on how fast the store and the training are.
    lastCheckpoint: steps.at(-1),
    repeated: { checkpoints: repeated(steps), saved: repeated(saved) },
    untold: steps.filter((step) => !saved.some((message) => message.startsWith(`step ${step},`))),
    // Of every other kind but the changes of state: a takeover is one more of them.
    told: told.filter((entry) => !/^(STATE_CHANGED|CHECKPOINT_SAVED)/.test(entry)),
    ended: events.filter(({ to }) => to === "SUCCEEDED").length,
  };
}

describe("a training whose worker reaches Postgres through a network that loses answers", () => {
  let bench: Workbench;
  let proxy: TcpProxy;
  /** Past the proxy. */
  let db: DataSource;
  let reaper: ReturnType<typeof startReaper>;
  let calm: Awaited<ReturnType<typeof traceOf>>;
  beforeAll(async () => {
    const opened = await openWorkbenchThroughProxy(statementMs);
    ({ bench, proxy } = opened);
    db = opened.direct.db;
    await declareClouds(bench);
    await bench.startWorker();
    reaper = startReaper({ db: bench.db, logger: silent });
    const { runId } = await accepted(train(db, training));
    calm = await traceOf(db, runId);
    const nothing = { repeated: { checkpoints: [], saved: [] }, untold: [] };
    expect(calm).toMatchObject({ state: "SUCCEEDED", ended: 1, ...nothing });
  });
  beforeEach(() => {
    proxy.loseAnswers(() => false);
    proxy.delay(0);
    proxy.restore();
  });
  afterAll(async () => {
    await reaper?.stop();
    await bench?.close();
  });

  const begun = async () => {
    const { runId } = await accepted(train(db, training));
    await until(async () => (await db.query("SELECT FROM run_metric WHERE run_id = $1 LIMIT 1", [runId])).length > 0);
    return runId;
  };
  const attemptsOf = async (runId: string) => (await finished(db, runId)).attempt;

  it.each([2, 3])(
    "of every %i one COMMIT's answer: no point, checkpoint, version or event is there twice",
    async (every) => {
      const runId = await begun();
      let commits = 0;
      const lost = proxy.loseAnswers((request) => request.startsWith("COMMIT") && ++commits % every === 0);
      expect(await traceOf(db, runId)).toEqual(calm);
      expect(lost()).toBeGreaterThan(0);
      expect(await attemptsOf(runId)).toBe(1);
    },
  );

  it("the answer to the COMMIT that registers its version: it is there once, and the next run is trained", async () => {
    let registered = false;
    const lost = proxy.loseAnswers((request) => {
      registered ||= request.includes('INSERT INTO "model_version"');
      return registered && lost() === 0 && request.startsWith("COMMIT");
    });
    const { runId } = await accepted(train(db, training));
    expect(await traceOf(db, runId)).toEqual(calm);
    expect(lost()).toBe(1);
    const { runId: next } = await accepted(train(db, training));
    expect(await traceOf(db, next)).toEqual(calm);
  });

  it("the answer to its claim's COMMIT: the run is taken back when the lease has run out, and trained once", async () => {
    let claimed = false;
    const lost = proxy.loseAnswers((request) => {
      claimed ||= request.includes("'claimed by '");
      return claimed && lost() === 0 && request.startsWith("COMMIT");
    });
    const { runId } = await accepted(train(db, training));
    expect(await traceOf(db, runId)).toEqual(calm);
    expect(lost()).toBe(1);
    expect(await attemptsOf(runId)).toBe(2);
  });

  it("every connection now and then, by RST", async () => {
    const runId = await begun();
    const cutting = setInterval(() => proxy.reset(), 150);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    clearInterval(cutting);
    expect(await traceOf(db, runId)).toEqual(calm);
  });

  it("nothing, but takes 10 ms each way", async () => {
    const runId = await begun();
    proxy.delay(10);
    expect(await traceOf(db, runId)).toEqual(calm);
    expect(await attemptsOf(runId)).toBe(1);
  });

  it("half-open connections: training goes on over new ones, in the same attempt", async () => {
    const runId = await begun();
    expect(proxy.swallow()).toBeGreaterThan(0);
    expect(await traceOf(db, runId)).toEqual(calm);
    expect(await attemptsOf(runId)).toBe(1);
  });
});

describe("a connection that swallows everything", () => {
  it("costs a statement the time that statements are given; the next one goes over another connection", async () => {
    const { proxied, proxy } = await openProxiedDatabase(statementMs);
    try {
      const swallowed = async () => {
        await proxied.db.query("SELECT 1");
        proxy.swallow();
        const started = performance.now();
        await expect(proxied.db.query("SELECT 1")).rejects.toThrow("Query read timeout");
        const first = performance.now() - started;
        expect(await proxied.db.query("SELECT 2 AS two")).toEqual([{ two: 2 }]);
        return Math.max(first, (performance.now() - started) * (2 / 3));
      };
      // The first within twice the time, both within three times.
      expect(await leastOf(statementMs * 2, swallowed)).toBeLessThan(statementMs * 2);
    } finally {
      await proxied.close();
    }
  });

  it("in the middle of a transaction keeps no lock for longer than that", async () => {
    const { proxied, direct, proxy } = await openProxiedDatabase(statementMs);
    try {
      await direct.db.query("INSERT INTO optimizer (id, name, description) VALUES ('optimizer_a', 'adam', '')");
      const change = (description: string) =>
        `UPDATE optimizer SET description = '${description}' RETURNING description`;
      const locked = async () => {
        let kept: Promise<number> | undefined;
        await expect(
          proxied.db.transaction(async (manager) => {
            await manager.query(change("lost"));
            proxy.swallow();
            const started = performance.now();
            kept = direct.db.query(change("kept")).then(() => performance.now() - started);
            await manager.query("SELECT 1");
          }),
        ).rejects.toThrow("Query read timeout");
        const took = await kept;
        expect(await direct.db.query("SELECT description FROM optimizer")).toEqual([{ description: "kept" }]);
        return took ?? Number.NaN;
      };
      expect(await leastOf(statementMs * 4, locked)).toBeLessThan(statementMs * 4);
    } finally {
      await proxied.close();
    }
  });

  it("from its first byte on is given up, with the setting's name and not its password", async () => {
    const proxy = await startTcpProxy({ port: 1 }, postgresStatements);
    try {
      proxy.swallow({ forNew: true });
      const opened = openDatabase({ url: throughProxy("postgres://user:secret@127.0.0.1:1/none", proxy) });
      await expect(opened).rejects.toMatchObject({
        code: "DATABASE_UNAVAILABLE",
        message: expect.not.stringContaining("secret"),
      });
    } finally {
      await proxy.close();
    }
  });
});

describe("Postgres, stopped at once in the middle of a run and started again", () => {
  it("costs no point and no step: the weights are the same", async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), "perennial-ambiguity-"));
    let postgres = await startPostgres({ dataDirectory, logger: silent });
    const db = await openDatabase({ url: postgres.url });
    const database: TestDatabase = { db, url: postgres.url, close: () => db.destroy() };
    const bench = await openWorkbench(database);
    try {
      await declareClouds(bench);
      await bench.startWorker();
      const { runId: undisturbed } = await accepted(train(db, training));
      const calm = await traceOf(db, undisturbed);
      const { runId } = await accepted(train(db, training));
      const points = async () => {
        const [row] = await db.query<{ count: number }[]>(
          "SELECT count(*)::int AS count FROM run_metric WHERE run_id = $1",
          [runId],
        );
        return row?.count ?? 0;
      };
      await until(async () => (await points()) > 20);
      await postgres.stop("immediate");
      await new Promise((resolve) => setTimeout(resolve, 500));
      postgres = await startPostgres({ dataDirectory, logger: silent, port: postgres.port });
      await until(async () => (await points().catch(() => 0)) > 20);
      expect(await traceOf(db, runId)).toEqual(calm);
    } finally {
      await bench.close();
      await postgres.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    }
  });
});
