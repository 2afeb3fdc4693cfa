import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from "vitest";
import { appendRows } from "../../src/datasets/append.js";
import { declareDataset } from "../../src/datasets/declare.js";
import type { OfferedDevice } from "../../src/entities/device.js";
import { newId } from "../../src/entities/identifier.js";
import { Model } from "../../src/entities/model.js";
import { Run } from "../../src/entities/run.js";
import { Worker } from "../../src/entities/worker.js";
import type { LayerDeclaration } from "../../src/language/layers/layer.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { declareOptimizer } from "../../src/registry/declare-optimizer.js";
import { type TrainDeclaration, train } from "../../src/runs/submit.js";
import { liveWorkers, registerWorker } from "../../src/scheduler/workers.js";
import { createPlanner, type TrainingPlanner } from "../../src/serving/plan.js";
import { accepted, openWorkbench, type Workbench } from "../support/workbench.js";

let bench: Workbench;
let planner: TrainingPlanner;
beforeAll(async () => {
  bench = await openWorkbench();
  const features = [
    { name: "signal", type: "VECTOR" as const, shape: [100] },
    { name: "picture", type: "IMAGE" as const, shape: [500, 500, 1] },
    { name: "y", type: "NUMBER" as const },
  ];
  await accepted(declareDataset(bench.db, { name: "shapes", features }));
  // One row, which the version then says to be many: nothing here reads them.
  const picture = Array.from({ length: 500 }, () => Array.from({ length: 500 }, () => [0]));
  await accepted(
    appendRows(bench.db, bench.store, {
      dataset: "shapes",
      rows: [{ signal: new Array(100).fill(0), picture, y: 1 }],
    }),
  );
  const splitCounts = { train: 100_000, validation: 0, test: 0 };
  await bench.db.query("UPDATE dataset_version SET split_counts = $1", [JSON.stringify(splitCounts)]);
  await accepted(declareOptimizer(bench.db, { name: "adam", algorithm: { adam: {} } }));
  const devices = async () => (await liveWorkers(bench.db)).flatMap((worker) => worker.devices);
  const threadUrl = new URL("../../dist/serving/plan-thread.js", import.meta.url);
  planner = createPlanner({ db: bench.db, devices, threadUrl });
});
afterAll(async () => {
  await planner?.close();
  await bench?.close();
});
beforeEach(() => bench.db.manager.clear(Worker));

const device = (memoryBytes: number | null, kind: "CPU" | "GPU" = "CPU"): OfferedDevice => ({
  ...{ kind, name: kind, memoryBytes, slots: 1, provider: kind === "CPU" ? "cpu" : "cuda", uuid: null },
});
const offer = (...devices: OfferedDevice[]) =>
  registerWorker(bench.db, { id: newId("Worker"), host: "here", pid: 1, devices });

const declare = (name: string, inputs: string[], layers: LayerDeclaration[]) =>
  declareModel(bench.db, { name, dataset: "shapes", target: "y", inputs, layers }, planner);

/** What `train` and `planTraining` say, which must be the same wherever `train` says anything. */
async function problemsOf(request: Omit<TrainDeclaration, "optimizer" | "epochs">) {
  const whole = { optimizer: "adam", epochs: 1, ...request };
  const before = await bench.db.manager.count(Run);
  const { problems } = await planner.planTraining(whole);
  const queued = await train(bench.db, whole);
  if (queued.problems.length > 0) {
    expect(problems).toEqual(queued.problems);
    expect(await bench.db.manager.count(Run)).toBe(before);
  }
  return problems;
}

const gibi = 2 ** 30;

describe("a training that needs more memory than there is", () => {
  beforeAll(() => accepted(declare("wide", ["signal"], [{ dense: { units: 60_000 } }, { dense: { units: 1_000 } }])));
  const refusal = {
    path: "model",
    code: "OUT_OF_MEMORY",
    message: expect.stringMatching(/^needs [\d.]+ GiB of memory to train, most of it for layers\[1\], and no live/),
  };

  it("is refused with the layer that takes most of it, and nothing is queued", async () => {
    await offer(device(gibi / 16), device(gibi / 8));
    expect(await problemsOf({ model: "wide", batchSize: 8 })).toEqual([refusal]);
  });

  it("is planned where one device has enough, and refused where that is of another kind", async () => {
    await offer(device(gibi / 8), device(64 * gibi, "GPU"));
    expect(await problemsOf({ model: "wide", batchSize: 8 })).toEqual([]);
    expect(await problemsOf({ model: "wide", batchSize: 8, device: "GPU" })).toEqual([]);
    expect(await problemsOf({ model: "wide", batchSize: 8, device: "CPU" })).toEqual([refusal]);
  });

  it("counts slots, gradients and activations where it is planned", async () => {
    // Parameters alone take 0.25 GiB.
    await offer(device(gibi / 2));
    const { problems } = await planner.planTraining({ model: "wide", optimizer: "adam", epochs: 1, batchSize: 8 });
    expect(problems).toEqual([refusal]);
  });

  it("is judged by live workers alone, and by none that does not tell", async () => {
    expect(await problemsOf({ model: "wide", batchSize: 8 })).toEqual([]);
    await offer(device(1), device(null));
    expect(await problemsOf({ model: "wide", batchSize: 8 })).toEqual([]);
    await bench.db.manager.clear(Worker);
    await offer(device(1));
    await bench.db.query("UPDATE worker SET heartbeat_at = now() - interval '1 minute'");
    expect(await problemsOf({ model: "wide", batchSize: 8 })).toEqual([]);
  });
});

it("a batch that becomes more numbers than may be is refused with the layer", async () => {
  const layers = [{ conv2d: { filters: 8, kernelSize: [3] } }, { globalAveragePooling2d: {} }];
  await accepted(declare("photo", ["picture"], layers));
  expect(await problemsOf({ model: "photo", batchSize: 100_000 })).toEqual([
    { path: "batchSize", code: "OUT_OF_RANGE", message: expect.stringContaining("of a batch in layers[0]") },
  ]);
});

const sequence = (steps: number, features: number): LayerDeclaration => ({
  reshape: { targetShape: [steps, features] },
});

/** The largest of their kinds that may be declared. */
const large: [string, string, LayerDeclaration[], number][] = [
  ["images", "picture", [{ conv2d: { filters: 8, kernelSize: [3] } }, { globalAveragePooling2d: {} }], 500],
  ["pooled images", "picture", [{ averagePooling2d: { padding: "SAME" } }, { globalMaxPooling2d: {} }], 4_000],
  [
    "overlapping windows",
    "picture",
    [{ maxPooling2d: { poolSize: [3], strides: [1] } }, { globalAveragePooling2d: {} }],
    4_000,
  ],
  ["grown images", "picture", [{ upSampling2d: { size: [6] } }, { globalAveragePooling2d: {} }], 100],
  ["repetitions", "signal", [{ repeatVector: { n: 100_000 } }, { globalAveragePooling1d: {} }], 100],
  ["kernels", "signal", [{ dense: { units: 65_000 } }, { dense: { units: 7_000 } }], 1_000],
  [
    "penalties",
    "signal",
    [{ dense: { units: 65_000 } }, { dense: { units: 7_000, kernelRegularizer: { l1: 0.1, l2: 0.1 } } }],
    1_000,
  ],
  [
    "attention",
    "signal",
    [sequence(100, 1), { multiHeadAttention: { numHeads: 64, keyDim: 64 } }, { flatten: {} }],
    800,
  ],
];

test.each(large)(
  "%s that are as large as may be are judged and planned soon",
  async (name, input, layers, batchSize) => {
    const model = `large-${name.replace(" ", "-")}`;
    const start = performance.now();
    await accepted(declare(model, [input], layers));
    expect((await planner.planTraining({ model, optimizer: "adam", epochs: 1, batchSize })).problems).toEqual([]);
    expect(performance.now() - start).toBeLessThan(10_000);
  },
);

it("a model of too large a layer is refused with its path, and nothing is stored", async () => {
  const layers = [{ dense: { units: 4 } }, { dense: { units: 2 ** 31 } }];
  const { problems } = await declare("huge", ["signal"], layers);
  expect(problems).toMatchObject([{ path: "layers[1].dense.units", code: "OUT_OF_RANGE" }]);
  expect(await bench.db.manager.countBy(Model, { name: "huge" })).toBe(0);
});
