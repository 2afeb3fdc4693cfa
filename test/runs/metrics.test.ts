import { randomBytes } from "node:crypto";
import type { DataSource } from "typeorm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { MetricPoint } from "../../src/language/metrics/metrics.js";
import { metricHistory } from "../../src/runs/metric-history.js";
import { appendMetrics, readMetrics } from "../../src/runs/metrics.js";
import { train } from "../../src/runs/submit.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { accepted, cpu, declareClouds, openWorkbench, type Workbench } from "../support/workbench.js";

let bench: Workbench;
let db: DataSource;
beforeAll(async () => {
  bench = await openWorkbench();
  db = bench.db;
  await declareClouds(bench);
});
afterAll(() => bench?.close());

async function startRun() {
  const { runId } = await accepted(train(db, { model: "kinds", optimizer: "adam", epochs: 1 }));
  const [run] = await claimRuns(db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  if (run?.id !== runId) throw new Error("another run was waiting");
  return { runId, fence: run.fence };
}
const store = (lease: { runId: string; fence: number }, points: MetricPoint[]) =>
  appendMetrics(db, lease, points, { epoch: 1, epochs: 1, step: points.at(-1)?.step ?? 0, steps: 1_000_000 });
const point = (seq: number, name: string, value = seq): MetricPoint => ({ seq, name, step: seq, epoch: 1, value });
const historyOf = async (runId: string, maxPoints = 1_000, names: string[] | null = null) =>
  (await metricHistory(db, [runId], names, maxPoints)).get(runId) ?? [];

describe("a metric's name", () => {
  const refused: [string, string, RegExp][] = [
    ["of 10 kB", "n".repeat(10_000), /^points\[1\]\.name: must have 1 to 200 characters, got 10,000$/],
    ["of 10 kB that no index compresses", randomBytes(5_000).toString("hex"), /^points\[1\]\.name: .*200/],
    ["of one character too many", "n".repeat(201), /got 201/],
    ["that is empty", "", /1 to 200 characters, got 0/],
    ["with a NUL", "a\0b", /^points\[1\]\.name: /],
    ["with half a character", "a\ud800", /^points\[1\]\.name: /],
  ];
  test.each(refused)("%s is refused by its place, and nothing of its batch is stored", async (_what, name, message) => {
    const lease = await startRun();
    await expect(store(lease, [point(1, "loss"), point(2, name)])).rejects.toMatchObject({
      code: "BAD_INPUT",
      message: expect.stringMatching(message),
    });
    const [run] = await db.query("SELECT metric_head, progress FROM run WHERE id = $1", [lease.runId]);
    expect(run).toMatchObject({ metric_head: 0, progress: { step: 0 } });
    expect((await readMetrics(db, lease.runId, 0)).points).toEqual([]);
    await store(lease, [point(1, "loss")]);
  });

  test.each([
    [
      "of 200 characters of four bytes each, all different",
      String.fromCodePoint(...Array.from({ length: 100 }, (_, i) => 0x1f300 + i)),
    ],
    ["of 200 characters", randomBytes(100).toString("hex")],
    ["with quotes, spaces and line breaks", "\"a'; -- \n\t{}$1"],
  ])("%s is kept as it is", async (_what, name) => {
    const lease = await startRun();
    await store(lease, [point(1, name)]);
    expect((await readMetrics(db, lease.runId, 0)).points).toEqual([point(1, name)]);
    expect(await historyOf(lease.runId, 10, [name])).toMatchObject([{ name, points: [{ step: 1 }] }]);
  });
});

test("ten thousand metrics of one run are stored, read in pages, and each has its history", async () => {
  // Postgres still believes that runs have few points.
  await store(
    await startRun(),
    Array.from({ length: 50 }, (_, index) => point(index + 1, `metric ${index % 5}`)),
  );
  await db.query("VACUUM ANALYZE run_metric");
  const lease = await startRun();
  const points = Array.from({ length: 20_000 }, (_, index) => point(index + 1, `metric ${index % 10_000}`));
  for (let from = 0; from < points.length; from += 4_000) await store(lease, points.slice(from, from + 4_000));
  const read: MetricPoint[] = [];
  for (let page = await readMetrics(db, lease.runId, 0); ; page = await readMetrics(db, lease.runId, page.seq)) {
    read.push(...page.points);
    if (!page.more) break;
  }
  expect(read).toEqual(points);
  const history = await historyOf(lease.runId, 10);
  expect(history).toHaveLength(10_000);
  expect(history.every((series) => series.points.length === 2)).toBe(true);
  expect(history.find(({ name }) => name === "metric 77")?.points.map(({ value }) => value)).toEqual([78, 10_078]);
});

test("NaN and the infinities are kept, and a thinned history still shows them", async () => {
  const lease = await startRun();
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1 + 0.2, Number.MIN_VALUE];
  await store(
    lease,
    values.map((value, index) => point(index + 1, "odd", value)),
  );
  expect((await readMetrics(db, lease.runId, 0)).points.map(({ value }) => value)).toEqual(values);
  const wave = Array.from({ length: 3_000 }, (_, index) => point(7 + index, "loss", Math.sin(index / 50)));
  const odd = new Map([
    [500, Number.NaN],
    [1_500, Number.POSITIVE_INFINITY],
    [2_500, Number.NEGATIVE_INFINITY],
  ]);
  for (const [index, value] of odd) wave[index] = { ...(wave[index] as MetricPoint), value };
  await store(lease, wave);
  const [thinned] = await historyOf(lease.runId, 30, ["loss"]);
  expect(thinned?.points.length).toBeLessThanOrEqual(30);
  expect(thinned?.points.filter(({ value }) => !Number.isFinite(value)).map(({ value }) => value)).toEqual([
    ...odd.values(),
  ]);
  expect(thinned?.points.at(-1)?.step).toBe(3_006);
});

test("a batch that comes again changes nothing, and one that overlaps adds what is new", async () => {
  const lease = await startRun();
  const points = Array.from({ length: 50 }, (_, index) => point(index + 1, "loss"));
  await store(lease, points.slice(0, 30));
  await store(lease, points.slice(0, 30));
  await store(lease, points.slice(20));
  expect((await readMetrics(db, lease.runId, 0)).points).toEqual(points);
});

test("histories of several runs come together, each in the order asked for", async () => {
  const leases = [await startRun(), await startRun()];
  for (const [index, lease] of leases.entries())
    await store(lease, [point(1, "b", index), point(2, "a", index), point(3, "b", index)]);
  const ids = leases.map(({ runId }) => runId);
  const asked = await metricHistory(db, ids, ["b", "a", "none"], 100);
  for (const [index, runId] of ids.entries())
    expect(asked.get(runId)?.map(({ name, points }) => [name, points.map(({ value }) => value)])).toEqual([
      ["b", [index, index]],
      ["a", [index]],
    ]);
  expect((await metricHistory(db, ids, null, 100)).get(ids[0] as string)?.map(({ name }) => name)).toEqual(["a", "b"]);
});
