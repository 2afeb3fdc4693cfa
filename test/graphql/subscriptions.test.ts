import type { DataSource } from "typeorm";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { appendRows } from "../../src/datasets/append.js";
import { openDatabase } from "../../src/db/database.js";
import { ModelRevision } from "../../src/entities/model.js";
import type { Run } from "../../src/entities/run.js";
import { encodeLogCursor } from "../../src/pubsub/log-cursor.js";
import { openReaders } from "../../src/pubsub/shared-logs.js";
import { publish } from "../../src/pubsub/topics.js";
import { recordRunEvent } from "../../src/runs/events.js";
import { completeRun, endRun } from "../../src/runs/finish.js";
import { appendMetrics } from "../../src/runs/metrics.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { leastOf } from "../support/least-of.js";
import { cpu } from "../support/workbench.js";
import { type Answer, type Api, contract, declareIris, irisRows, openApi } from "./api.js";
import { versionContent } from "./training.js";

let api: Api;
/** Another process's connections: a worker's. */
let worker: DataSource;
const metrics = await contract("06-run-metrics");
const history = await contract("12-model-events");

beforeAll(async () => {
  api = await openApi();
  worker = await openDatabase({ url: api.url, poolSize: 4 });
  await declareIris(api);
});
afterEach(() => {
  expect(api.platform.wakeups.open).toBe(0);
});
afterAll(async () => {
  await worker.destroy();
  await api.close();
});

/** Queues a run and claims it, as a worker does. */
async function startRun(): Promise<Run> {
  const { query, variables } = await contract("05-train");
  const { data } = await api.ask(query, variables);
  const [run] = await claimRuns(worker, { id: "worker_1", devices: [cpu(1)], holds: [] });
  if (run?.id !== data.train.run.id) throw new Error("another run was waiting");
  return run as Run;
}

const lease = (run: Run) => ({ runId: run.id, fence: run.fence });
const progress = (step: number) => ({ epoch: 1, epochs: 60, step, steps: 100 });

/** Points `from` to `to` of a run; some values are none that JSON could carry. */
async function measure(run: Run, from: number, to: number, hint = true): Promise<void> {
  const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const points = Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return { seq, name: "loss", step: seq, epoch: 1, value: values[seq % 4] as number };
  });
  await appendMetrics(worker, lease(run), points, progress(to));
  if (hint) await publish(worker, { type: "metrics", runId: run.id });
}

async function succeed(run: Run): Promise<void> {
  const revision = await worker.manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId });
  const outcome = { version: versionContent(revision.spec), summary: [] };
  await completeRun(worker, lease(run), run, outcome, async () => {});
}

const fail = (run: Run) =>
  endRun(worker, lease(run), run, { state: "FAILED", error: { code: "DIVERGED", message: "loss is NaN" } });

interface Batch {
  cursor: string;
  points: { seq: number; name: string; step: number; epoch: number; value: number | string }[];
  rewind: null;
  finished: boolean;
}

/** The next event, or undefined when the subscription has completed. */
async function next(events: AsyncGenerator<Answer, void, void>): Promise<Answer["data"]> {
  const { done, value } = await events.next();
  if (done || !value) return undefined;
  expect(value.errors).toBeUndefined();
  return Object.values(value.data)[0];
}

/** All events until the subscription completes. */
async function all(events: AsyncGenerator<Answer, void, void>): Promise<Answer["data"][]> {
  const seen: Answer["data"][] = [];
  for (let event = await next(events); event !== undefined; event = await next(events)) seen.push(event);
  return seen;
}

/** The code of the error that refuses a subscription. */
async function refusal(query: string, variables: object): Promise<unknown> {
  const refused = await api
    .follow(query, variables)
    .next()
    .then(
      () => undefined,
      (error: { answer: Answer }) => error.answer,
    );
  expect(refused?.errors).toHaveLength(1);
  return refused?.errors?.[0]?.extensions?.code;
}

const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("runMetrics", () => {
  test("replays what there is, follows what comes, and completes with the run", async () => {
    const run = await startRun();
    await measure(run, 1, 10);
    // Who polls only every ten seconds shows whether it is hints that bring what comes.
    const { on } = api.platform.wakeups;
    const seldom = vi.spyOn(api.platform.wakeups, "on").mockImplementation((...topics) => {
      const wakeup = on(...topics);
      return { wait: () => wakeup.wait(10_000), raise: () => wakeup.raise(), close: () => wakeup.close() };
    });
    const events = api.follow(metrics.query, { runId: run.id });
    const first: Batch = await next(events);
    seldom.mockRestore();
    expect(first.points).toHaveLength(10);
    expect(first).toMatchObject({ rewind: null, finished: false });
    expect(first.points.slice(0, 4)).toEqual([
      { seq: 1, name: "loss", step: 1, epoch: 1, value: "NaN" },
      { seq: 2, name: "loss", step: 2, epoch: 1, value: "Infinity" },
      { seq: 3, name: "loss", step: 3, epoch: 1, value: "-Infinity" },
      { seq: 4, name: "loss", step: 4, epoch: 1, value: 0.5 },
    ]);
    let stored = 10;
    const took = await leastOf(900, async () => {
      const asked = performance.now();
      const pending = next(events);
      await measure(run, stored + 1, stored + 2);
      expect((await pending).points.map(({ seq }: { seq: number }) => seq)).toEqual([++stored, ++stored]);
      return performance.now() - asked;
    });
    expect(took).toBeLessThan(900);

    const last = all(events);
    await measure(run, stored + 1, stored + 1);
    await succeed(run);
    const rest: Batch[] = await last;
    expect(rest.flatMap(({ points }) => points.map(({ seq }) => seq))).toEqual([stored + 1]);
    expect(rest.map(({ finished }) => finished).lastIndexOf(true)).toBe(rest.length - 1);
    expect(rest.filter(({ finished }) => finished)).toHaveLength(1);
  });

  test("gives every point once and in order over any number of cuts", async () => {
    const run = await startRun();
    const writing = (async () => {
      // Some hints are lost; larger batches than a page come too.
      for (let seq = 0; seq < 5_000; ) {
        const size = 1 + Math.floor(Math.random() * 400);
        await measure(run, seq + 1, Math.min(seq + size, 5_000), Math.random() < 0.8);
        seq += size;
        await soon(Math.random() * 30);
      }
      await fail(run);
    })();
    const seen: number[] = [];
    let cursor: string | undefined;
    let cuts = 0;
    for (let finished = false; !finished; cuts++) {
      const events = api.follow(metrics.query, { runId: run.id, after: cursor });
      const stay = 1 + Math.floor(Math.random() * 3);
      for (let turn = 0; turn < stay && !finished; turn++) {
        const batch: Batch = await next(events);
        seen.push(...batch.points.map(({ seq }) => seq));
        ({ cursor, finished } = batch);
      }
      if (finished) expect(await next(events)).toBeUndefined();
      await events.return();
    }
    await writing;
    expect(cuts).toBeGreaterThan(2);
    expect(seen).toEqual(Array.from({ length: 5_000 }, (_, index) => index + 1));

    // Behind the last cursor there is nothing but the end.
    const rest = await all(api.follow(metrics.query, { runId: run.id, after: cursor }));
    expect(rest).toEqual([{ cursor, points: [], rewind: null, finished: true }]);
  });

  test("sends live points at most ten times a second", async () => {
    const run = await startRun();
    const events = api.follow(metrics.query, { runId: run.id });
    const times: number[] = [];
    const reading = (async () => {
      for (let batch: Batch = await next(events); !batch.finished; batch = await next(events))
        times.push(performance.now());
    })();
    for (let seq = 1; seq <= 60; seq++) {
      await measure(run, seq, seq);
      await soon(10);
    }
    await fail(run);
    await reading;
    expect(await next(events)).toBeUndefined();
    expect(times.length).toBeLessThanOrEqual(2 + ((times.at(-1) as number) - (times[0] as number)) / 100);
  });

  test("of a run canceled while it waits completes without a point", async () => {
    const { query, variables } = await contract("05-train");
    const { data } = await api.ask(query, variables);
    const runId = data.train.run.id;
    const done = all(api.follow(metrics.query, { runId }));
    await api.ask("mutation ($runId: ID!) { cancelRun(input: { runId: $runId }) { problems { path } } }", {
      runId,
    });
    expect(await done).toEqual([{ cursor: expect.any(String), points: [], rewind: null, finished: true }]);
  });

  test("of an unknown run is NOT_FOUND", async () => {
    for (const runId of ["run_00000000-0000-0000-0000-000000000000", "", "x", "a\u0000b", "x".repeat(100_000)])
      expect(await refusal(metrics.query, { runId })).toBe("NOT_FOUND");
  });

  test("refuses every cursor that it did not issue", async () => {
    const [run, other] = [await startRun(), await startRun()];
    await measure(run, 1, 3);
    await measure(other, 1, 3);
    const good = encodeLogCursor("run-metrics", run.id, 3);
    const bad = [
      "",
      "x",
      "not base64url!",
      "x".repeat(100_000),
      `${good}=`,
      good.slice(0, -2),
      encodeLogCursor("run-metrics", other.id, 3),
      encodeLogCursor("run-events", run.id, 3),
      encodeLogCursor("run-metrics", run.id, 4),
      encodeLogCursor("run-metrics", run.id, -1),
      encodeLogCursor("run-metrics", run.id, 1.5),
    ];
    for (const after of bad) expect(await refusal(metrics.query, { runId: run.id, after })).toBe("BAD_CURSOR");
    await fail(run);
    await fail(other);
    expect(await all(api.follow(metrics.query, { runId: run.id, after: good }))).toHaveLength(1);
    expect(await all(api.follow(metrics.query, { runId: run.id, after: null }))).not.toHaveLength(0);
  });

  test("abandoned by a hundred subscribers leaves nothing that waits", async () => {
    const run = await startRun();
    const readers = Array.from({ length: 100 }, () => api.follow(metrics.query, { runId: run.id }));
    const waiting = readers.map((reader) => reader.next());
    while (openReaders(api.platform) < 100) await soon(10);
    // However many read, one waits for all of them.
    expect(api.platform.wakeups.open).toBe(1);
    await Promise.all(readers.map((reader) => reader.return()));
    expect(await Promise.all(waiting)).toEqual(readers.map(() => ({ done: true, value: undefined })));
    expect(openReaders(api.platform)).toBe(0);
    expect(api.platform.wakeups.open).toBe(0);
    await fail(run);
  });
});

describe("runEvents", () => {
  const query = `subscription ($runId: ID!, $after: String) {
    runEvents(runId: $runId, after: $after) { cursor seq kind from to attempt message at }
  }`;

  test("tells the log of a run in order, from any cursor, and completes with its last state", async () => {
    const run = await startRun();
    const following = all(api.follow(query, { runId: run.id }));
    await worker.transaction((manager) =>
      recordRunEvent(manager, { runId: run.id, kind: "WARNING", message: "the disk is slow" }),
    );
    await soon(50);
    await succeed(run);
    const log = await following;
    expect(log.map(({ seq, kind, from, to }) => [seq, kind, from, to])).toEqual([
      [1, "STATE_CHANGED", null, "QUEUED"],
      [2, "STATE_CHANGED", "QUEUED", "RUNNING"],
      [3, "WARNING", null, null],
      [4, "STATE_CHANGED", "RUNNING", "SUCCEEDED"],
    ]);
    expect(log[2]).toMatchObject({ attempt: 1, message: "the disk is slow" });
    for (const [index, { cursor }] of log.entries())
      expect(await all(api.follow(query, { runId: run.id, after: cursor }))).toEqual(log.slice(index + 1));
  });

  test("refuses unknown runs and foreign cursors", async () => {
    const run = await startRun();
    expect(await refusal(query, { runId: "x" })).toBe("NOT_FOUND");
    const after = encodeLogCursor("run-metrics", run.id, 1);
    expect(await refusal(query, { runId: run.id, after })).toBe("BAD_CURSOR");
    await fail(run);
  });
});

describe("modelEvents", () => {
  test("tells a model's history from the beginning, then what happens, with what it is about as it then is", async () => {
    const events = api.follow(history.query, history.variables);
    const first = await next(events);
    expect(first).toMatchObject({ kind: "VERSION_REGISTERED", version: { number: 1 }, run: { state: "SUCCEEDED" } });
    const { number } = (await worker.query("SELECT max(number) AS number FROM model_version"))[0];
    for (let version = 2; version <= number; version++) expect((await next(events)).version.number).toBe(version);

    const { query, variables } = await contract("08-set-alias");
    const contexts = api.contexts;
    const moved = next(events);
    await api.ask(query, { input: { ...(variables.input as object), reason: "it is good" } });
    const event = await moved;
    expect(event).toMatchObject({
      kind: "ALIAS_MOVED",
      alias: "champion",
      reason: "it is good",
      version: { ref: "iris-species/1", number: 1 },
      run: null,
    });
    // One context for the mutation and a fresh one for the event, so that no loader remembers what was.
    expect(api.contexts - contexts).toBe(2);

    const again = api.follow(history.query, { ...history.variables, after: first.cursor });
    expect((await next(again)).cursor).not.toBe(first.cursor);
    await again.return();
    await events.return();
  });

  test("refuses unknown models and foreign cursors", async () => {
    for (const model of ["nobody", "", "a\u0000b", "x".repeat(100_000)])
      expect(await refusal(history.query, { model })).toBe("NOT_FOUND");
    for (const after of ["x", encodeLogCursor("model-events", "model_0", 1)])
      expect(await refusal(history.query, { ...history.variables, after })).toBe("BAD_CURSOR");
  });
});

describe("datasetEvents", () => {
  const query = `subscription ($dataset: String!, $after: String) {
    datasetEvents(dataset: $dataset, after: $after) { cursor seq kind at version { number rowCount } }
  }`;

  test("tells a dataset's history and follows appends", async () => {
    const events = api.follow(query, { dataset: "iris" });
    expect(await next(events)).toMatchObject({ seq: 1, kind: "DECLARED", version: null });
    const appended = await next(events);
    expect(appended).toMatchObject({ seq: 2, kind: "ROWS_APPENDED", version: { number: 1, rowCount: 150 } });
    const pending = next(events);
    await appendRows(api.platform.db, api.platform.store, { dataset: "iris", rows: irisRows(5) });
    const live = await pending;
    expect(live).toMatchObject({ seq: 3, version: { number: 2, rowCount: 155 } });
    await events.return();

    const again = api.follow(query, { dataset: "iris", after: appended.cursor });
    expect(await next(again)).toEqual(live);
    await again.return();
    expect(await refusal(query, { dataset: "nobody" })).toBe("NOT_FOUND");
    expect(await refusal(query, { dataset: "iris", after: "x" })).toBe("BAD_CURSOR");
  });
});

describe("runs", () => {
  const query = `subscription ($filter: RunFilter) { runs(filter: $filter) { id state attempt progress { step } } }`;

  test("tells of each live run at first, then of every change up to its last state", async () => {
    const [older, newer] = [await startRun(), await startRun()];
    const events = api.follow(query);
    expect(await next(events)).toEqual({ id: older.id, state: "RUNNING", attempt: 1, progress: { step: 0 } });
    expect(await next(events)).toMatchObject({ id: newer.id });
    let pending = next(events);
    await measure(newer, 1, 5);
    expect(await pending).toEqual({ id: newer.id, state: "RUNNING", attempt: 1, progress: { step: 5 } });
    pending = next(events);
    await fail(older);
    expect(await pending).toMatchObject({ id: older.id, state: "FAILED" });
    pending = next(events);
    const third = await startRun();
    const states = [await pending];
    while (states.at(-1).state !== "RUNNING") states.push(await next(events));
    for (const { id } of states) expect(id).toBe(third.id);
    await events.return();
    await fail(newer);
    await fail(third);
  });

  test("tells of a change whose hint was lost, and of each at most four times a second", async () => {
    const run = await startRun();
    const events = api.follow(query, { filter: { id: { eq: run.id } } });
    await next(events);
    const quiet = next(events);
    await worker.query("UPDATE run SET updated_at = clock_timestamp(), progress = $2 WHERE id = $1", [
      run.id,
      JSON.stringify(progress(7)),
    ]);
    expect(await quiet).toMatchObject({ progress: { step: 7 } });

    const started = performance.now();
    const told: { state: string; progress: { step: number } }[] = [];
    const reading = (async () => {
      for (let event = await next(events); ; event = await next(events)) {
        told.push(event);
        if (event.state === "FAILED") return;
      }
    })();
    for (let step = 8; step < 48; step++) {
      await measure(run, step, step);
      await soon(20);
    }
    await fail(run);
    await reading;
    await events.return();
    expect(told.at(-1)).toMatchObject({ state: "FAILED", progress: { step: 47 } });
    expect(told.length).toBeLessThanOrEqual(2 + (performance.now() - started) / 250);
  });

  test("tells only of what fits the filter, and refuses one that cannot be asked", async () => {
    const run = await startRun();
    const events = api.follow(query, { filter: { state: { eq: "CANCELED" } } });
    const pending = next(events);
    await fail(run);
    const canceled = await startRun();
    await endRun(worker, lease(canceled), canceled, { state: "CANCELED" });
    expect(await pending).toMatchObject({ id: canceled.id, state: "CANCELED" });
    await events.return();
    expect(await refusal(query, { filter: { model: { eq: "a\u0000b" } } })).toBe("BAD_INPUT");
  });
});
