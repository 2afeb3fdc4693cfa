import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { declareRetraining } from "../../src/continual/declare-retraining.js";
import { watchRetrainings } from "../../src/continual/watch.js";
import { appendRows } from "../../src/datasets/append.js";
import { Alias, AliasMove } from "../../src/entities/alias.js";
import { ModelEvent } from "../../src/entities/event.js";
import { Retraining } from "../../src/entities/retraining.js";
import { Run } from "../../src/entities/run.js";
import { RunEvent } from "../../src/entities/run-event.js";
import { ModelVersion } from "../../src/entities/version.js";
import { silent } from "../../src/logger.js";
import { setAlias } from "../../src/registry/aliases.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { train } from "../../src/runs/submit.js";
import {
  accepted,
  cloudRows,
  declareClouds,
  finished,
  openWorkbench,
  until,
  type Workbench,
} from "../support/workbench.js";

let bench: Workbench;
let watches: { stop(): Promise<void> }[];
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  await bench.startWorker();
  // Two servers watch the same policies.
  watches = [0, 1].map(() => watchRetrainings({ ...bench, logger: silent }));
  const { runId } = await accepted(train(bench.db, { model: "kinds", optimizer: "adam", epochs: 8, batchSize: 16 }));
  await finished(bench.db, runId);
  await accepted(setAlias(bench.db, { model: "kinds", alias: "champion", version: 1 }));
});
afterAll(async () => {
  await Promise.all(watches.map((watch) => watch.stop()));
  await bench.close();
});

const append = (start: number, count: number) =>
  accepted(appendRows(bench.db, bench.store, { dataset: "clouds", rows: cloudRows(count, start) }));
const runs = () => bench.db.manager.find(Run, { order: { createdAt: "ASC" } });
const events = async () => {
  const found = await bench.db.manager.find(ModelEvent, { order: { seq: "ASC" } });
  return found.map((event) => event.kind);
};
const policy = (mustNotDropBy: number) => ({
  ...{ name: "fresh", model: "kinds", optimizer: "adam", when: { newRows: 20 } },
  train: { fineTune: { from: "champion", epochs: 4, replay: { fraction: 0.5 } } },
  promote: { alias: "champion", metric: "accuracy", mustNotDropBy },
});

describe("a retraining policy", () => {
  it("does nothing before its rows have come, then starts exactly one fine-tune from the alias", async () => {
    await accepted(declareRetraining(bench.db, policy(1)));
    await append(120, 19);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await runs()).toHaveLength(1);

    await append(139, 1);
    await until(async () => (await runs()).length === 2);
    const [, fineTune] = await runs();
    expect((await finished(bench.db, fineTune?.id ?? "")).state).toBe("SUCCEEDED");
    const first = await bench.db.manager.findOneByOrFail(ModelVersion, { number: 1 });
    expect(fineTune).toMatchObject({ parentVersionId: first.id, spec: { replay: { fraction: 0.5 }, epochs: 4 } });

    const second = await bench.db.manager.findOneByOrFail(ModelVersion, { number: 2 });
    expect(second.preprocessing).toEqual(first.preprocessing);
    expect(await bench.db.manager.findOneBy(Alias, { name: "champion" })).toMatchObject({
      versionId: second.id,
      previousVersionId: first.id,
    });
    expect(await events()).toEqual([
      ...["VERSION_REGISTERED", "ALIAS_MOVED", "RETRAINING_STARTED", "VERSION_REGISTERED", "ALIAS_MOVED"],
    ]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await runs()).toHaveLength(2);
  });

  it("is the actor of its run, of what it starts and of what it promotes; the worker is that of what it makes", async () => {
    const { id } = await bench.db.manager.findOneByOrFail(Retraining, { name: "fresh" });
    const policy = { kind: "POLICY", id };
    const worker = { kind: "WORKER", id: expect.stringMatching(/^worker_/) };
    const operator = { kind: "OPERATOR", id: "operator" };
    expect((await runs()).map(({ actor }) => actor)).toEqual([operator, policy]);
    const history = await bench.db.manager.find(ModelEvent, { order: { seq: "ASC" } });
    expect(history.map(({ kind, actor }) => [kind, actor])).toEqual([
      ["VERSION_REGISTERED", worker],
      ["ALIAS_MOVED", operator],
      ["RETRAINING_STARTED", policy],
      ["VERSION_REGISTERED", worker],
      ["ALIAS_MOVED", policy],
    ]);
    const moves = await bench.db.manager.find(AliasMove, { order: { seq: "ASC" } });
    expect(moves.map(({ actor }) => actor)).toEqual([operator, policy]);
    const [, fineTune] = await runs();
    const log = await bench.db.manager.find(RunEvent, { where: { runId: fineTune?.id }, order: { seq: "ASC" } });
    expect(log.map(({ actor }) => actor)).toEqual([policy, ...log.slice(1).map(() => worker)]);
    expect(log.map(({ to }) => to).filter(Boolean)).toEqual(["QUEUED", "RUNNING", "SUCCEEDED"]);
  });

  it("keeps a challenger that does not pass as a version, leaves the alias, and says why", async () => {
    const before = await bench.db.manager.findOneByOrFail(Alias, { name: "champion" });
    // A step size that ruins the weights without making them infinite: the gate must see it, and in the loss it does.
    await accepted(
      declareOptimizer(bench.db, { name: "ruin", algorithm: { adam: {} }, learningRate: { constant: 50 } }),
    );
    const promote = { alias: "champion", metric: "loss" };
    await accepted(declareRetraining(bench.db, { ...policy(0), optimizer: "ruin", promote }));
    // Rows that contradict the others: a network that has grown too sure of itself pays for them.
    const kinds = cloudRows(40, 141).map((row) => row.kind);
    const rows = cloudRows(40, 140).map((row, index) => ({ ...row, kind: kinds[index] }));
    await accepted(appendRows(bench.db, bench.store, { dataset: "clouds", rows }));
    await until(async () => (await events()).includes("PROMOTION_REFUSED"));
    const refused = await bench.db.manager.findOneByOrFail(ModelEvent, { kind: "PROMOTION_REFUSED" });
    expect(refused.reason).toMatch(/loss [\d.]+ against the champion's [\d.e-]+ on the same test rows/);
    const challenger = await bench.db.manager.findOneByOrFail(ModelVersion, { number: 3 });
    expect(refused.versionId).toBe(challenger.id);
    expect(await bench.db.manager.findOneBy(Alias, { name: "champion" })).toEqual(before);
  });

  it("tells the model's history when its run fails", async () => {
    await accepted(
      declareOptimizer(bench.db, { name: "ruin", algorithm: { sgd: {} }, learningRate: { constant: 1e30 } }),
    );
    await append(180, 1);
    await until(async () => (await events()).includes("RETRAINING_FAILED"));
    const failed = await bench.db.manager.findOneByOrFail(ModelEvent, { kind: "RETRAINING_FAILED" });
    expect(failed.reason).toContain("DIVERGED");
  });
});
