import type { DataSource } from "typeorm";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { openDatabase } from "../../src/db/database.js";
import type { Run } from "../../src/entities/run.js";
import type { MetricPoint } from "../../src/language/metrics/metrics.js";
import { openReaders } from "../../src/pubsub/shared-logs.js";
import { publish } from "../../src/pubsub/topics.js";
import { endRun } from "../../src/runs/finish.js";
import { metricHistory } from "../../src/runs/metric-history.js";
import { appendMetrics, recordRewind } from "../../src/runs/metrics.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { cpu } from "../support/workbench.js";
import { type Answer, type Api, contract, declareIris, openApi } from "./api.js";

interface Batch {
  cursor: string;
  previousCursor: string;
  points: { seq: number; name: string; step: number; value: number | string }[];
  rewind: { toStep: number } | null;
  downsampled: boolean;
  rows: number;
  finished: boolean;
}

let api: Api;
/** Another process's connections: a worker's. */
let worker: DataSource;
beforeAll(async () => {
  api = await openApi();
  worker = await openDatabase({ url: api.url, poolSize: 4 });
  await declareIris(api);
});
afterEach(() => {
  expect([openReaders(api.platform), api.platform.wakeups.open]).toEqual([0, 0]);
});
afterAll(async () => {
  await worker?.destroy();
  await api?.close();
});

const query = `subscription ($runId: ID!, $after: String, $maxPoints: Int) {
  runMetrics(runId: $runId, after: $after, maxPoints: $maxPoints) {
    cursor previousCursor points { seq name step value } rewind { toStep } downsampled rows finished } }`;

async function startRun(): Promise<Run> {
  const { query: train, variables } = await contract("05-train");
  const { data } = await api.ask(train, variables);
  const [run] = await claimRuns(worker, { id: "worker_1", devices: [cpu(1)], holds: [] });
  if (run?.id !== data.train.run.id) throw new Error("another run was waiting");
  return run as Run;
}
const lease = (run: Run) => ({ runId: run.id, fence: run.fence });

async function store(run: Run, points: MetricPoint[]): Promise<void> {
  const { step } = points.at(-1) as MetricPoint;
  await appendMetrics(worker, lease(run), points, { epoch: 1, epochs: 1, step, steps: 1_000_000 });
  await publish(worker, { type: "metrics", runId: run.id });
}
const losses = (from: number, to: number, stepOf = (seq: number) => seq): MetricPoint[] =>
  Array.from({ length: to - from + 1 }, (_, index) => {
    const seq = from + index;
    return { seq, name: "loss", step: stepOf(seq), epoch: 1, value: Math.sin(seq) };
  });
const fail = (run: Run) =>
  endRun(worker, lease(run), run, { state: "FAILED", error: { code: "DIVERGED", message: "loss is NaN" } });

async function next(events: AsyncGenerator<Answer, void, void>): Promise<Batch> {
  const { done, value } = await events.next();
  if (done || !value) throw new Error("it has ended");
  expect(value.errors).toBeUndefined();
  return value.data.runMetrics;
}
async function untilFinished(events: AsyncGenerator<Answer, void, void>): Promise<Batch[]> {
  const batches: Batch[] = [];
  do batches.push(await next(events));
  while (!batches.at(-1)?.finished);
  return batches;
}
const expectChain = (batches: Batch[]) => {
  for (const [index, { previousCursor }] of batches.entries())
    if (index > 0) expect(previousCursor).toBe(batches[index - 1]?.cursor);
};

describe("a batch of a run's metrics", () => {
  test("names the cursor before it, from the first on, so that a gap would show", async () => {
    const run = await startRun();
    await store(run, losses(1, 1_700));
    const events = api.follow(query, { runId: run.id });
    const first = await next(events);
    const again = api.follow(query, { runId: run.id, after: first.cursor });
    expect((await next(again)).previousCursor).toBe(first.cursor);
    await again.return();
    await fail(run);
    const batches = [first, ...(await untilFinished(events))];
    expectChain(batches);
    expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(1_700);
    expect(batches.flatMap(({ points }) => points)).toHaveLength(1_700);
  });

  test("comes empty, with the same cursor, every ten seconds or sooner while a run is silent", async () => {
    const run = await startRun();
    await store(run, losses(1, 3));
    const events = api.follow(query, { runId: run.id });
    const { cursor } = await next(events);
    const waits: number[] = [];
    // One may be late because the machine stood still, but not every one.
    do {
      const asked = performance.now();
      expect(await next(events)).toEqual({
        ...{ cursor, previousCursor: cursor, points: [], rewind: null, downsampled: false, rows: 0, finished: false },
      });
      waits.push(performance.now() - asked);
    } while (Math.min(...waits) >= 10_000 && waits.length < 3);
    expect(Math.min(...waits)).toBeLessThan(10_000);
    // With a cursor of a sign of life a client goes on like with any other.
    await store(run, losses(4, 4));
    expect((await next(events)).points.map(({ seq }) => seq)).toEqual([4]);
    await events.return();
    await fail(run);
  });

  test("tells of a rewind with the first point measured anew, replayed and live, and nothing seen is deleted", async () => {
    const run = await startRun();
    await store(run, losses(1, 100));
    const live = api.follow(query, { runId: run.id });
    await next(live);
    // Twice at one place: of the first of the two nothing was measured.
    await recordRewind(worker, lease(run), { seq: 101, toStep: 40 });
    await recordRewind(worker, lease(run), { seq: 101, toStep: 60 });
    await store(
      run,
      losses(101, 120, (seq) => seq - 40),
    );
    await recordRewind(worker, lease(run), { seq: 121, toStep: 50 });
    await store(
      run,
      losses(121, 190, (seq) => seq - 70),
    );
    await recordRewind(worker, lease(run), { seq: 191, toStep: 110 });
    await fail(run);
    for (const batches of [await untilFinished(live), await untilFinished(api.follow(query, { runId: run.id }))]) {
      expectChain(batches);
      const rewinds = batches.flatMap(({ rewind, points }) => (rewind ? [[rewind.toStep, points[0]?.seq]] : []));
      expect(rewinds).toEqual([
        [60, 101],
        [50, 121],
      ]);
    }
    const stored = await untilFinished(api.follow(query, { runId: run.id }));
    expect(stored.flatMap(({ points }) => points).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 190 }, (_, index) => index + 1),
    );
    // A history has each step once: as it was measured last, and nothing of what was rewound.
    const [history] = (await metricHistory(worker, [run.id], null, 10_000)).get(run.id) ?? [];
    expect(history?.points.map(({ step }) => step)).toEqual(Array.from({ length: 110 }, (_, index) => index + 1));
    expect(history?.points.map(({ value }) => value)).toEqual([
      ...losses(1, 50).map(({ value }) => value),
      ...losses(121, 180).map(({ value }) => value),
    ]);
  });

  test("of a rewind by a worker that has lost its lease is refused", async () => {
    const run = await startRun();
    await fail(run);
    await expect(recordRewind(worker, lease(run), { seq: 1, toStep: 0 })).rejects.toMatchObject({ code: "LEASE_LOST" });
  });
});

describe("maxPoints", () => {
  test("thins what waits for a subscriber, keeps extremes and ends, and says so; what comes then comes whole", async () => {
    const run = await startRun();
    const points = losses(1, 12_000).map((point, index) => (index % 3 === 2 ? { ...point, name: "val_loss" } : point));
    points[5_000] = { ...(points[5_000] as MetricPoint), value: 99 };
    points[7_000] = { ...(points[7_000] as MetricPoint), value: -99 };
    await store(run, points);
    const events = api.follow(query, { runId: run.id, maxPoints: 300 });
    const first = await next(events);
    expect(first).toMatchObject({ downsampled: true, rows: 12_000, finished: false });
    expect(first.points.length).toBeLessThanOrEqual(300);
    const seqs = first.points.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(first.points.map(({ value }) => value)).toEqual(expect.arrayContaining([99, -99]));
    expect(seqs).toEqual(expect.arrayContaining([11_999, 12_000]));

    await store(run, losses(12_001, 12_200));
    const live = await next(events);
    expect(live).toMatchObject({ downsampled: false, rows: 200, previousCursor: first.cursor });
    // One that does not read while much comes falls behind what others have had, and gets it thinned as well.
    await store(run, losses(12_201, 12_800));
    await store(run, losses(12_801, 13_400));
    const other = api.follow(query, { runId: run.id, after: live.cursor });
    for (let seq: number | undefined; seq !== 13_400; ) seq = (await next(other)).points.at(-1)?.seq;
    await other.return();
    expect(api.platform.wakeups.open).toBe(1);
    const late = await next(events);
    expect(late).toMatchObject({ downsampled: true, rows: 1_200, previousCursor: live.cursor });
    expect(late.points.length).toBeLessThanOrEqual(300);
    await events.return();
    await fail(run);
    expect(await untilFinished(api.follow(query, { runId: run.id, after: late.cursor }))).not.toHaveLength(0);
  });

  test("ends a thinned batch before a rewind", async () => {
    const run = await startRun();
    await store(run, losses(1, 2_000));
    await recordRewind(worker, lease(run), { seq: 2_001, toStep: 1_000 });
    await store(
      run,
      losses(2_001, 4_000, (seq) => seq - 1_000),
    );
    await fail(run);
    const batches = await untilFinished(api.follow(query, { runId: run.id, maxPoints: 30 }));
    expect(batches.map(({ rows, rewind }) => [rows, rewind?.toStep ?? null])).toEqual([
      [2_000, null],
      [2_000, 1_000],
      [0, null],
    ]);
    expectChain(batches);
  });

  test.each([0, -1, 10_001])("of %d is refused as BAD_INPUT that names it", async (maxPoints) => {
    const run = await startRun();
    const refused = await api
      .follow(query, { runId: run.id, maxPoints })
      .next()
      .catch((error: { answer: Answer }) => error.answer);
    expect(refused).toMatchObject({ errors: [{ extensions: { code: "BAD_INPUT" } }] });
    expect((refused as Answer).errors?.[0]?.message).toMatch(/^maxPoints: /);
    await fail(run);
  });
});

describe("many subscribers of one run", () => {
  test("cost one read and one execution for each update, and each gets what it selected", async () => {
    const run = await startRun();
    const other =
      "subscription ($runId: ID!, $names: Boolean!) { runMetrics(runId: $runId) { points { seq name @include(if: $names) } } }";
    const same = Array.from({ length: 50 }, () => api.follow(query, { runId: run.id }));
    const named = api.follow(other, { runId: run.id, names: true });
    const unnamed = api.follow(other, { runId: run.id, names: false });
    const pending = [...same, named, unnamed].map((events) => events.next());
    await vi.waitFor(() => expect(openReaders(api.platform)).toBe(52), { timeout: 20_000 });
    const before = api.contexts;
    const reads = vi.spyOn(api.platform.db, "query");
    await store(run, losses(1, 2));
    const answers = (await Promise.all(pending)).map(({ value }) => (value as Answer).data.runMetrics);
    const rows = reads.mock.calls.filter(([statement]) => statement.includes("run_metric")).length;
    reads.mockRestore();
    // Another read may find nothing new.
    expect(rows).toBeLessThanOrEqual(2);
    expect(api.contexts - before).toBe(3);
    for (const answer of answers.slice(0, 50)) expect(answer).toEqual(answers[0]);
    expect(answers[0].points).toHaveLength(2);
    expect(answers.slice(50)).toEqual([
      {
        points: [
          { seq: 1, name: "loss" },
          { seq: 2, name: "loss" },
        ],
      },
      { points: [{ seq: 1 }, { seq: 2 }] },
    ]);
    await Promise.all([...same, named, unnamed].map((events) => events.return()));
    await fail(run);
  });
});
