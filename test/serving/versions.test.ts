import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appendRows } from "../../src/datasets/append.js";
import { declareDataset } from "../../src/datasets/declare.js";
import type { ModelVersion } from "../../src/entities/version.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { type Loadable, LoadedVersions } from "../../src/serving/loaded-versions.js";
import type { Predictor } from "../../src/serving/predictor.js";
import { accepted, openWorkbench, type Workbench } from "../support/workbench.js";
import { openPlanner, openPredictor, type Served, serve, servedVersions } from "./served.js";

let bench: Workbench;
let predictor: Predictor;
let served: Served;
let versions: ModelVersion[];
const planner = () => openPlanner(bench.db);
let plans: ReturnType<typeof planner>;

beforeAll(async () => {
  bench = await openWorkbench();
  const features = ["x", "y"].map((name) => ({ name, type: "NUMBER" as const }));
  await accepted(declareDataset(bench.db, { name: "line", features }));
  await accepted(appendRows(bench.db, bench.store, { dataset: "line", rows: [{ x: 1, y: 2 }] }));
  await accepted(declareModel(bench.db, { name: "line", dataset: "line", target: "y", layers: [] }));
  await accepted(declareOptimizer(bench.db, { name: "adam", algorithm: { adam: {} } }));
  // Version n answers x + n, so that whoever answers can be told by what is answered.
  const parameters = (_: unknown, index: number) => ({
    "output/kernel": Float32Array.of(1),
    "output/bias": Float32Array.of(index),
  });
  versions = await servedVersions(bench, "line", 20, { parameters });
  predictor = openPredictor(bench);
  plans = planner();
  served = await serve(bench, { predictor, planner: plans });
});
afterAll(async () => {
  await served?.close();
  await Promise.all([predictor?.close(), plans?.close()]);
  await bench?.close();
});

const query = `query ($model: String!, $rows: [JSONObject!]!) { predict(model: $model, rows: $rows) { version { number } predictions { value } } }`;

/** Whether the version at `index` answers for itself. */
async function asks(index: number, x: number): Promise<unknown> {
  const { number } = versions[index] as ModelVersion;
  const { data, errors } = await served.ask(query, { model: `line/${number}`, rows: [{ x }] });
  if (errors) return errors[0]?.message;
  const { version, predictions } = data.predict;
  return version.number === number && predictions[0].value === x + index;
}

describe("versions that are asked", () => {
  it("all at once, more than may be kept: each request is answered by its own, round after round", async () => {
    for (let round = 0; round < 2; round++) {
      const answers = Array.from({ length: 400 }, (_, index) => asks(index % 20, round + index));
      expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    }
  });

  it("by turns, with room for one alone: the others wait until it is released", async () => {
    const narrow = openPredictor(bench, { count: 1, bytes: 2 ** 30, waitSeconds: 60 });
    try {
      const answers = Array.from({ length: 60 }, async (_, index) => {
        const { id } = versions[index % 3] as ModelVersion;
        const [answer] = await narrow.predict(id, [{ x: index }]);
        return answer?.value === index + (index % 3);
      });
      expect(new Set(await Promise.all(answers))).toEqual(new Set([true]));
    } finally {
      await narrow.close();
    }
  });
});

/** A loader that counts what is loaded, and takes a while. */
function shelf(limits: { count: number; bytes: number; waitSeconds?: number }, bytes = 1) {
  const loaded = new Set<string>();
  const held = { most: 0 };
  const find = async (versionId: string): Promise<Loadable<string>> => ({
    bytes,
    async read() {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return {
        version: versionId,
        load() {
          loaded.add(versionId);
          held.most = Math.max(held.most, loaded.size);
        },
      };
    },
  });
  const versions = new LoadedVersions({ waitSeconds: 30, ...limits }, find, (versionId) => loaded.delete(versionId));
  return { versions, loaded, held };
}

describe("loaded versions", () => {
  it.each([
    ["count", { count: 3, bytes: 1_000 }],
    ["bytes", { count: 100, bytes: 35 }],
  ])("stay within their bound of %s, and none is unloaded while it is in use", async (_, limits) => {
    const { versions, loaded, held } = shelf(limits, 10);
    const work = Array.from({ length: 100 }, async (_, index) => {
      const { version, release } = await versions.use(`v${index % 10}`);
      for (let tick = 0; tick < 3; tick++) {
        await new Promise((resolve) => setTimeout(resolve, index % 4));
        expect(loaded).toContain(version);
      }
      release();
    });
    await Promise.all(work);
    expect(held.most).toBe(3);
  });

  it("one that is larger than the bound is loaded alone", async () => {
    const { versions, loaded } = shelf({ count: 10, bytes: 5 }, 10);
    for (const name of ["a", "b"]) (await versions.use(name)).release();
    expect([...loaded]).toEqual(["b"]);
  });

  it("the one that was used last stays", async () => {
    const { versions, loaded } = shelf({ count: 2, bytes: 100 });
    for (const name of ["a", "b", "a", "c"]) (await versions.use(name)).release();
    expect([...loaded].sort()).toEqual(["a", "c"]);
  });

  it("a version that is asked for without end does not keep another one out", async () => {
    const { versions } = shelf({ count: 1, bytes: 100 });
    let over = false;
    const busy = Array.from({ length: 3 }, async () => {
      while (!over) {
        const { release } = await versions.use("busy");
        await new Promise((resolve) => setTimeout(resolve, 3));
        release();
      }
    });
    const { release } = await versions.use("other");
    release();
    over = true;
    await Promise.all(busy);
  });

  it("who waits too long for room is refused, and those behind go on", async () => {
    const { versions } = shelf({ count: 1, bytes: 100, waitSeconds: 0.1 });
    const held = await versions.use("held");
    const refused = { code: "DEADLINE_EXCEEDED", message: expect.stringContaining("0.1 s for room") };
    await expect(versions.use("other")).rejects.toMatchObject(refused);
    (await versions.use("held")).release();
    held.release();
    expect((await versions.use("other")).version).toBe("other");
  });
});
