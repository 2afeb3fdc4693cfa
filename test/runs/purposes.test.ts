import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareRetraining } from "../../src/continual/declare-retraining.js";
import { startDueRetrainings } from "../../src/continual/trigger.js";
import { Alias } from "../../src/entities/alias.js";
import { ModelEvent } from "../../src/entities/event.js";
import { newId } from "../../src/entities/identifier.js";
import { ModelRevision } from "../../src/entities/model.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import type { GateMeasurement } from "../../src/language/retraining/gate.js";
import { setAlias } from "../../src/registry/aliases.js";
import { cancelRun, retryRun } from "../../src/runs/control.js";
import { completeRun } from "../../src/runs/finish.js";
import { purposeOf, purposes } from "../../src/runs/purposes/purposes.js";
import { reproduceVersion } from "../../src/runs/reproduce.js";
import { train } from "../../src/runs/submit.js";
import { type Api, declareIris, irisRows, openApi } from "../graphql/api.js";
import { registerVersions, versionContent } from "../graphql/training.js";
import { accepted } from "../support/workbench.js";

let api: Api;
let champion: ModelVersion;
const model = "iris-species";
beforeAll(async () => {
  api = await openApi();
  await declareIris(api, 30);
  champion = (await registerVersions(api.platform.db, model, 1))[0] as ModelVersion;
  const { db } = api.platform;
  await accepted(setAlias(db, { model, alias: "champion", version: 1 }));
  await accepted(
    declareRetraining(db, {
      ...{ name: "fresh", model, optimizer: "adam-decay", when: { newRows: 1 } },
      train: { fineTune: { from: "champion", epochs: 1 } },
      promote: { alias: "champion", metric: "accuracy" },
    }),
  );
});
afterAll(() => api?.close());

const runOf = (id: string) => api.platform.db.manager.findOneByOrFail(Run, { id });
const trained = async (changes: object = {}) =>
  (await accepted(train(api.platform.db, { model, optimizer: "adam-decay", epochs: 1, ...changes }))).runId;
const reproduction = async () =>
  (await accepted(reproduceVersion(api.platform.db, { ref: `${model}/1`, idempotencyKey: newId("Run") }))).runId;
async function retraining(): Promise<string> {
  const { errors } = await api.ask(
    "mutation($input: AppendRowsInput!) { appendRows(input: $input) { problems { path } } }",
    { input: { dataset: "iris", rows: irisRows(1) } },
  );
  expect(errors).toBeUndefined();
  return (await startDueRetrainings(api.platform.db))[0] as string;
}
const queue = { TRAIN: trained, RETRAIN: retraining, REPRODUCE: reproduction };
const names = Object.keys(queue) as (keyof typeof queue)[];

/** As if a worker had claimed it. */
async function started(id: string, state = "RUNNING"): Promise<Run> {
  await api.platform.db.query("UPDATE run SET state = $2, fence = fence + 1, attempt = 1 WHERE id = $1", [id, state]);
  return runOf(id);
}
async function complete(run: Run, gate: GateMeasurement | null = null) {
  const { spec } = await api.platform.db.manager.findOneByOrFail(ModelRevision, { id: run.modelRevisionId });
  const outcome = { version: versionContent(spec), summary: [{ name: "loss", value: 0.5 }], gate };
  return completeRun(api.platform.db, { runId: run.id, fence: run.fence }, run, outcome);
}
const lastMessage = async (runId: string) =>
  (await api.platform.db.manager.find(RunEvent, { where: { runId }, order: { seq: "DESC" }, take: 1 }))[0]?.message;
const modelEventsOf = async (runId: string) =>
  (await api.platform.db.manager.find(ModelEvent, { where: { runId }, order: { seq: "ASC" } })).map(
    ({ kind, reason }) => ({ kind, reason }),
  );
const versionsOf = (runId: string) => api.platform.db.manager.findBy(ModelVersion, { runId });
const measured = (challenger: number, versionId: string, value: number): GateMeasurement => ({
  champion: { versionId, measured: { value, undefinedReason: null, sound: true } },
  challenger: { value: challenger, undefinedReason: null, sound: true },
});

describe("a run that was queued to", () => {
  it.each(names)("%s is told from the others by what it was queued with, and so is its retry", async (name) => {
    const id = await queue[name]();
    expect(purposeOf(await runOf(id))).toBe(purposes[name]);
    await accepted(cancelRun(api.platform.db, { runId: id }));
    const { runId } = await accepted(retryRun(api.platform.db, { runId: id }));
    const [first, second] = [await runOf(id), await runOf(runId)];
    expect(purposeOf(second)).toBe(purposes[name]);
    for (const key of ["parentVersionId", "retrainingId", "gate", "reproducesVersionId", "spec", "priority"] as const)
      expect(second[key]).toEqual(first[key]);
    expect(second).toMatchObject({ retryOfId: id, state: "QUEUED" });
    await accepted(cancelRun(api.platform.db, { runId }));
  });

  it.each(names)("%s stores nothing of its result when it was canceled first", async (name) => {
    const id = await queue[name]();
    const before = await api.platform.db.manager.count(ModelVersion);
    expect(await complete(await started(id, "CANCELING"))).toEqual({ state: "CANCELED" });
    expect(await api.platform.db.manager.count(ModelVersion)).toBe(before);
    expect(await runOf(id)).toMatchObject({ state: "CANCELED", summary: [], reproduction: null });
  });

  it("TRAIN compares nothing, and becomes the next version, also from the weights of another", async () => {
    for (const id of [await trained(), await trained({ initializeFrom: `${model}/1` })]) {
      const run = await started(id);
      expect(await purposeOf(run).assign(api.platform.db.manager, run)).toEqual({ gate: null, storesArtifacts: true });
      await complete(run);
      const [version] = await versionsOf(id);
      expect(await lastMessage(id)).toBe(`registered ${version?.ref}`);
      expect(await modelEventsOf(id)).toEqual([{ kind: "VERSION_REGISTERED", reason: null }]);
    }
  });

  it("TRAIN tells the model's history nothing when it is canceled or retried", async () => {
    const id = await trained();
    await accepted(cancelRun(api.platform.db, { runId: id }));
    const { runId } = await accepted(retryRun(api.platform.db, { runId: id }));
    expect([...(await modelEventsOf(id)), ...(await modelEventsOf(runId))]).toEqual([]);
  });

  it("REPRODUCE stores no artifacts and no version, but its verdict", async () => {
    const run = await started(await reproduction());
    expect(await purposeOf(run).assign(api.platform.db.manager, run)).toEqual({ gate: null, storesArtifacts: false });
    await complete(run);
    expect(await versionsOf(run.id)).toEqual([]);
    expect(await lastMessage(run.id)).toBe(`reproduced ${model}/1`);
    expect((await runOf(run.id)).reproduction).toMatchObject({ agrees: true, digest: champion.digest });
  });

  it("RETRAIN is compared with the version that the alias points to when its attempt begins", async () => {
    const run = await started(await retraining());
    const assign = async () => (await purposeOf(run).assign(api.platform.db.manager, run)).gate;
    expect(await assign()).toEqual({ metric: "accuracy", championId: champion.id });
    await accepted(setAlias(api.platform.db, { model, alias: "champion", version: 2 }));
    const second = await api.platform.db.manager.findOneByOrFail(ModelVersion, { number: 2 });
    expect(await assign()).toEqual({ metric: "accuracy", championId: second.id });
    await accepted(setAlias(api.platform.db, { model, alias: "champion", version: 1 }));
    await complete(run, measured(0.1, champion.id, 0.9));
    expect((await modelEventsOf(run.id)).map(({ kind }) => kind)).toEqual([
      ...["RETRAINING_STARTED", "VERSION_REGISTERED", "PROMOTION_REFUSED"],
    ]);
    expect(await api.platform.db.manager.findOneBy(Alias, { name: "champion" })).toMatchObject({
      versionId: champion.id,
    });
  });

  it("RETRAIN is refused the alias where that moved while it was trained, and takes it where it did not", async () => {
    const run = await started(await retraining());
    await accepted(setAlias(api.platform.db, { model, alias: "champion", version: 2 }));
    await complete(run, measured(0.9, champion.id, 0.5));
    expect((await modelEventsOf(run.id)).at(-1)).toEqual({
      ...{ kind: "PROMOTION_REFUSED", reason: "champion moved while the challenger was trained" },
    });

    await accepted(setAlias(api.platform.db, { model, alias: "champion", version: 1 }));
    const next = await started(await retraining());
    await complete(next, measured(0.9, champion.id, 0.5));
    const [version] = await versionsOf(next.id);
    expect(await api.platform.db.manager.findOneBy(Alias, { name: "champion" })).toMatchObject({
      versionId: version?.id,
      previousVersionId: champion.id,
    });
    expect(await lastMessage(next.id)).toBe(`registered ${version?.ref}`);
    await accepted(setAlias(api.platform.db, { model, alias: "champion", version: 1 }));
  });

  it("RETRAIN tells the model's history when it is canceled, retried, and lost with a run that it depends on", async () => {
    const id = await retraining();
    await accepted(cancelRun(api.platform.db, { runId: id }));
    expect((await modelEventsOf(id)).slice(1)).toEqual([
      { kind: "RETRAINING_FAILED", reason: "canceled while it was QUEUED" },
    ]);
    const { runId } = await accepted(retryRun(api.platform.db, { runId: id }));
    const first = await trained();
    await api.platform.db.query("INSERT INTO run_dependency (run_id, depends_on_id) VALUES ($1, $2)", [runId, first]);
    await accepted(cancelRun(api.platform.db, { runId: first }));
    expect(await modelEventsOf(runId)).toEqual([
      { kind: "RETRAINING_STARTED", reason: `retry of ${id}` },
      {
        ...{ kind: "RETRAINING_FAILED" },
        reason: `DEPENDENCY_FAILED: ${first}, which it depends on, was CANCELED`,
      },
    ]);
  });
});
