import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { ModelRevision } from "../../src/entities/model.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { completeRun, endRun } from "../../src/runs/finish.js";
import { claimRuns } from "../../src/scheduler/claim.js";
import { cpu } from "../support/workbench.js";
import { type Api, declareIris, openApi } from "./api.js";
import { versionContent } from "./training.js";

let api: Api;
beforeAll(async () => {
  api = await openApi();
  await declareIris(api);
});
beforeEach(() => api.platform.db.query("UPDATE run SET state = 'CANCELED' WHERE state <> 'CANCELED'"));
afterAll(() => api.close());

const fields = "id state project priority dependsOn { id } error { code message } queueReason { code }";

async function train(input: object = {}) {
  const { data, errors } = await api.ask(
    `mutation ($input: TrainInput!) { train(input: $input) { problems { path code message } run { ${fields} } } }`,
    { input: { model: "iris-species", optimizer: "adam-decay", epochs: 1, ...input } },
  );
  expect(errors).toBeUndefined();
  return data.train;
}
const queued = async (input: object = {}): Promise<string> => (await train(input)).run.id;

/** What a mutation about one run answers: its run, or the code of its error. */
async function control(field: string, runId: string, idempotencyKey?: string) {
  const { data, errors } = await api.ask(
    `mutation ($input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) { problems { path } run { ${fields} } } }`,
    { input: { runId, idempotencyKey } },
  );
  return errors?.[0]?.extensions?.code ?? data[field].run;
}
const shown = async (id: string) => (await api.ask(`query ($id: ID!) { run(id: $id) { ${fields} } }`, { id })).data.run;
const runOf = (id: string) => api.platform.db.manager.findOneByOrFail(Run, { id });

async function claim(): Promise<Run> {
  const [run] = await claimRuns(api.platform.db, { id: "worker_1", devices: [cpu(1)], holds: [] });
  return run as Run;
}
const leaseOf = (run: Run) => ({ runId: run.id, fence: run.fence });

async function succeed(run: Run): Promise<void> {
  const { db } = api.platform;
  const { spec } = await db.manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId });
  await completeRun(db, leaseOf(run), run, { version: versionContent(spec), summary: [] });
}

describe("train", () => {
  it("takes a priority and a project, and has defaults for both", async () => {
    expect(await train()).toMatchObject({ problems: [], run: { priority: 42, project: "default", dependsOn: [] } });
    const { run } = await train({ priority: 1, project: "vision.2026" });
    expect(run).toMatchObject({ priority: 1, project: "vision.2026", queueReason: { code: "NO_WORKER" } });
    expect((await runOf(run.id)).memoryBytes).toBeGreaterThan(4 * 403);
  });

  test.each([
    [{ priority: 0 }, ["priority OUT_OF_RANGE"]],
    [{ priority: 100 }, ["priority OUT_OF_RANGE"]],
    [{ project: "" }, ["project BAD_NAME"]],
    [{ project: "a b" }, ["project BAD_NAME"]],
    [{ project: "a\u0000" }, ["project BAD_NAME"]],
    [{ dependsOn: ["x"] }, ["dependsOn[0] UNKNOWN_REFERENCE"]],
    [
      { dependsOn: ["run_00000000-0000-0000-0000-000000000000", "a\u0000b"] },
      ["dependsOn[0] UNKNOWN_REFERENCE", "dependsOn[1] UNKNOWN_REFERENCE"],
    ],
    [{ priority: 0, project: "-", epochs: 0 }, ["epochs OUT_OF_RANGE", "priority OUT_OF_RANGE", "project BAD_NAME"]],
  ])("refuses %j with every problem, and queues nothing", async (input, faults) => {
    const before = await api.platform.db.manager.count(Run);
    const { problems, run } = await train(input);
    expect(problems.map(({ path, code }: { path: string; code: string }) => `${path} ${code}`)).toEqual(faults);
    expect(run).toBeNull();
    expect(await api.platform.db.manager.count(Run)).toBe(before);
  });

  it("refuses to depend on more than 1,000 runs", async () => {
    const { problems } = await train({ dependsOn: Array(1_001).fill("x") });
    expect(problems).toMatchObject([{ path: "dependsOn", code: "TOO_LONG" }]);
  });

  it("refuses to depend on the same run twice, or on one that is lost", async () => {
    const first = await queued();
    const lost = await queued();
    await control("cancelRun", lost);
    const { problems } = await train({ dependsOn: [first, first, lost] });
    expect(problems).toMatchObject([
      { path: "dependsOn[1]", code: "DUPLICATE" },
      { path: "dependsOn[2]", code: "CONTRADICTION", message: expect.stringContaining("is CANCELED") },
    ]);
  });
});

describe("a run that depends on others", () => {
  it("waits until all have SUCCEEDED, and says so", async () => {
    const first = await queued();
    const second = await queued();
    const id = await queued({ dependsOn: [first, second], priority: 1 });
    expect(await shown(id)).toMatchObject({
      ...{ state: "QUEUED", dependsOn: [{ id: first }, { id: second }], queueReason: { code: "DEPENDENCIES" } },
    });
    const one = await claim();
    expect(one.id).toBe(first);
    await succeed(one);
    const two = await claim();
    expect(two.id).toBe(second);
    expect(await claim()).toBeUndefined();
    await succeed(two);
    expect((await claim()).id).toBe(id);
    // What has SUCCEEDED already is not waited for.
    const late = await queued({ dependsOn: [first, second] });
    expect((await claim()).id).toBe(late);
  });

  it.each([
    ["FAILED", "FAILED"],
    ["CANCELED", "was CANCELED"],
  ] as const)("fails at once, and so does what depends on it, when one of them has %s", async (state, words) => {
    const first = await queued();
    const id = await queued({ dependsOn: [first] });
    const paused = await queued({ dependsOn: [first, id] });
    const behind = await queued({ dependsOn: [id] });
    const other = await queued();
    await control("pauseRun", paused);
    const run = await claim();
    expect(run.id).toBe(first);
    const ending = state === "FAILED" ? { state, error: { code: "DIVERGED", message: "NaN" } } : { state };
    await endRun(api.platform.db, leaseOf(run), run, ending);
    expect(await shown(id)).toMatchObject({
      ...{ state: "FAILED", error: { code: "DEPENDENCY_FAILED", message: `${first}, which it depends on, ${words}` } },
    });
    for (const lost of [paused, behind])
      expect(await shown(lost)).toMatchObject({ state: "FAILED", error: { code: "DEPENDENCY_FAILED" } });
    expect((await shown(other)).state).toBe("QUEUED");
    const { manager } = api.platform.db;
    expect(await manager.findBy(RunEvent, { runId: paused, to: "FAILED" })).toMatchObject([{ seq: 3, from: "PAUSED" }]);
    expect((await runOf(id)).finishedAt).not.toBeNull();
    expect(await control("cancelRun", id)).toBe("ILLEGAL_TRANSITION");
  });

  it("fails with a run that was canceled while it waited", async () => {
    const first = await queued();
    const id = await queued({ dependsOn: [first] });
    await control("cancelRun", first);
    expect(await shown(id)).toMatchObject({ state: "FAILED", error: { code: "DEPENDENCY_FAILED" } });
    const retried = await control("retryRun", id);
    expect(retried).toMatchObject({ state: "QUEUED", dependsOn: [], priority: 42 });
  });

  it("is retried with its project, its priority and what has not ended yet", async () => {
    const first = await queued();
    const id = await queued({ dependsOn: [first], project: "vision", priority: 7 });
    await control("cancelRun", id);
    const retried = await control("retryRun", id);
    expect(retried).toMatchObject({ project: "vision", priority: 7, dependsOn: [{ id: first }] });
    expect((await claim()).id).toBe(first);
    expect(await claim()).toBeUndefined();
  });

  it("is settled quickly also among thousands, in a chain or side by side", { timeout: 60_000 }, async () => {
    const { db } = api.platform;
    const first = await queued();
    const id = await queued({ dependsOn: [first] });
    const columns =
      "model_id, model_revision_id, optimizer_revision_id, dataset_version_id, spec, progress, open_dependencies";
    await db.query(
      `INSERT INTO run (id, state, ${columns}) SELECT 'run_x' || i, 'QUEUED', ${columns} FROM run, generate_series(1, 2000) i WHERE id = $1`,
      [id],
    );
    await db.query(
      `INSERT INTO run_dependency SELECT 'run_x' || i, CASE WHEN i % 2 = 0 OR i = 1 THEN $1 ELSE 'run_x' || i - 1 END FROM generate_series(1, 2000) i`,
      [id],
    );
    const start = performance.now();
    await control("cancelRun", first);
    expect(performance.now() - start).toBeLessThan(15_000);
    const [{ count }] = await db.query("SELECT count(*)::int FROM run WHERE state = 'FAILED' AND id LIKE 'run_x%'");
    expect(count).toBe(2_000);
  });

  it("ends well or not at all when what it depends on ends at the same moment as it is queued", async () => {
    for (let round = 0; round < 10; round++) {
      const first = await queued();
      const [, { run }] = await Promise.all([control("cancelRun", first), train({ dependsOn: [first] })]);
      if (run) expect(await shown(run.id)).toMatchObject({ state: "FAILED" });
    }
  });
});

describe("pausing and resuming", () => {
  it("holds back a run that waits, and puts it back", async () => {
    const id = await queued();
    expect(await control("pauseRun", id)).toMatchObject({ id, state: "PAUSED" });
    expect(await control("pauseRun", id)).toMatchObject({ id, state: "PAUSED" });
    expect(await claim()).toBeUndefined();
    expect(await control("resumeRun", id)).toMatchObject({ id, state: "QUEUED" });
    expect(await control("resumeRun", id)).toMatchObject({ id, state: "QUEUED" });
    expect((await claim()).id).toBe(id);
    expect(await api.platform.db.manager.countBy(RunEvent, { runId: id })).toBe(4);
  });

  it("asks the worker of one that runs, and takes that back", async () => {
    const id = await queued();
    await claim();
    for (const requested of ["PAUSE", "PAUSE"]) {
      expect(await control("pauseRun", id)).toMatchObject({ state: "RUNNING" });
      expect((await runOf(id)).requested).toBe(requested);
    }
    await control("resumeRun", id);
    expect((await runOf(id)).requested).toBeNull();
    await control("pauseRun", id);
    await control("cancelRun", id);
    expect(await runOf(id)).toMatchObject({ state: "CANCELING", requested: null });
    expect([await control("pauseRun", id), await control("resumeRun", id)]).toEqual(
      Array(2).fill("ILLEGAL_TRANSITION"),
    );
  });

  it("cancels a paused run", async () => {
    const id = await queued();
    await control("pauseRun", id);
    expect(await control("cancelRun", id)).toMatchObject({ state: "CANCELED" });
    expect([await control("pauseRun", id), await control("resumeRun", id)]).toEqual(
      Array(2).fill("ILLEGAL_TRANSITION"),
    );
  });

  it.each(["pauseRun", "resumeRun"])(
    "%s of what is not there is NOT_FOUND, and is done once for a key",
    async (field) => {
      for (const id of ["run_00000000-0000-0000-0000-000000000000", "x", "a\u0000b"])
        expect(await control(field, id)).toBe("NOT_FOUND");
      const id = await queued();
      const first = await control(field, id, `once-${field}`);
      await control(field === "pauseRun" ? "resumeRun" : "pauseRun", id);
      expect((await control(field, id, `once-${field}`)).id).toBe(first.id);
      expect((await shown(id)).state).toBe(field === "pauseRun" ? "QUEUED" : "PAUSED");
      expect(await control(field, await queued(), `once-${field}`)).toBe("IDEMPOTENCY_KEY_REUSED");
    },
  );
});

it("runs are filtered by project and priority", async () => {
  const wanted = await queued({ project: "filtered", priority: 3 });
  await queued({ project: "filtered", priority: 4 });
  await queued({ priority: 3 });
  const { data } = await api.ask(
    `{ runs(filter: { project: { eq: "filtered" }, priority: { lte: 3 } }) { nodes { id } totalCount } }`,
  );
  expect(data.runs).toEqual({ nodes: [{ id: wanted }], totalCount: 1 });
});
