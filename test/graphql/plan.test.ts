import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Model } from "../../src/entities/model.js";
import { Run } from "../../src/entities/run.js";
import { declareModel } from "../../src/registry/declare-model.js";
import { createPlanner, type TrainingPlanner } from "../../src/serving/plan.js";
import { accepted, declareClouds, openWorkbench, type Workbench } from "../support/workbench.js";
import { answer, noPredictions, readingPlatform } from "./ask.js";

let bench: Workbench;
let planner: TrainingPlanner;
beforeAll(async () => {
  bench = await openWorkbench();
  await declareClouds(bench);
  planner = createPlanner({
    db: bench.db,
    threadUrl: new URL("../../dist/serving/plan-thread.js", import.meta.url),
  });
});
afterAll(async () => {
  await planner?.close();
  await bench?.close();
});

const query = `query ($input: TrainInput!) {
  planTraining(input: $input) {
    problems { path code }
    plan {
      datasetVersion { number rowCount splitCounts { train } }
      modelRevision { number }
      optimizerRevision { number optimizer { name } }
      stepsPerEpoch steps updates batchSize parameters trainableParameters
      layers { path name type outputShape parameters flops }
      flopsPerStep memoryBytes
      learningRate { step value }
      executor { name reason }
      unsupported { path kernel }
    }
  }
}`;

async function planned(input: object) {
  const { planTraining } = await answer(readingPlatform(bench.db, noPredictions, planner), query, { input });
  return planTraining;
}

describe("planTraining", () => {
  it("answers what `train` would do, and queues nothing", async () => {
    const { problems, plan } = await planned({ model: "kinds", optimizer: "adam", epochs: 4, batchSize: 10 });
    expect(problems).toEqual([]);
    const rows = plan.datasetVersion.splitCounts.train;
    expect(plan).toMatchObject({
      datasetVersion: { number: 1, rowCount: 120 },
      modelRevision: { number: 1 },
      optimizerRevision: { number: 1, optimizer: { name: "adam" } },
      ...{
        stepsPerEpoch: Math.ceil(rows / 10),
        steps: 4 * Math.ceil(rows / 10),
        updates: 4 * Math.ceil(rows / 10),
        batchSize: 10,
      },
      ...{ parameters: 99, trainableParameters: 99 },
      executor: { name: "onnx-cpu-1" },
      unsupported: [],
    });
    expect(plan.layers).toMatchObject([
      { path: "layers[0]", type: "dense", outputShape: [16], parameters: 48, flops: expect.any(Number) },
      { path: "layers[1]", type: "dropout", outputShape: [16], parameters: 0, flops: expect.any(Number) },
      { path: "output", type: "dense", outputShape: [3], parameters: 51, flops: expect.any(Number) },
    ]);
    expect(plan.flopsPerStep).toBeGreaterThan(2 * 10 * (2 * 16 + 16 * 3));
    expect(plan.memoryBytes).toBeGreaterThan(2 * 3 * 4 * 99);
    expect(plan.learningRate[0]).toEqual({ step: 1, value: 0.01 });
    expect(await bench.db.manager.count(Run)).toBe(0);
  });

  it("names the executor for the device and the threads asked for", async () => {
    const executorOf = async (input: object) =>
      (await planned({ model: "kinds", optimizer: "adam", epochs: 1, ...input })).plan.executor.name;
    expect(await executorOf({ device: "CPU", threads: 2 })).toBe("onnx-cpu-2");
    expect(await executorOf({ device: "GPU" })).toBe("none");
    const { problems } = await planned({ model: "kinds", optimizer: "adam", epochs: 1, threads: 0 });
    expect(problems).toEqual([{ path: "threads", code: "OUT_OF_RANGE" }]);
  });

  it("plans an older revision where it is asked to", async () => {
    const layers = [{ dense: { units: 3 } }];
    await accepted(declareModel(bench.db, { name: "kinds", dataset: "clouds", target: "kind", layers }));
    const { plan } = await planned({ model: "kinds", optimizer: "adam", epochs: 1 });
    expect(plan).toMatchObject({ modelRevision: { number: 2 }, parameters: 21 });
    const older = await planned({ model: "kinds", modelRevision: 1, optimizer: "adam", epochs: 1 });
    expect(older.plan).toMatchObject({ modelRevision: { number: 1 }, parameters: 99 });
  });

  it("answers every problem that `train` would, and no plan", async () => {
    expect(await planned({ model: "nothing", optimizer: "nobody", epochs: 0 })).toEqual({
      problems: [
        { path: "model", code: "UNKNOWN_REFERENCE" },
        { path: "optimizer", code: "UNKNOWN_REFERENCE" },
        { path: "epochs", code: "OUT_OF_RANGE" },
      ],
      plan: null,
    });
    const { problems } = await planned({ model: "kinds", optimizer: "adam", epochs: 1, batchSize: 1_000 });
    expect(problems).toEqual([{ path: "batchSize", code: "BATCH_TOO_LARGE" }]);
  });
});

describe("declareModel", () => {
  const declaration = { dataset: "clouds", target: "kind", layers: [{ dense: { units: 5 } }] };

  it("takes what can be compiled", async () => {
    const { problems } = await declareModel(bench.db, { ...declaration, name: "fine" }, planner);
    expect(problems).toEqual([]);
  });

  it("refuses what cannot be, with the path of the layer, and stores nothing", async () => {
    const unable = {
      unsupportedKernels: async () => [
        { path: "layers[0]", reason: "needs the operation FFT, which cannot be compiled" },
      ],
    };
    const layers = [{ dense: { units: 6 } }];
    expect(await declareModel(bench.db, { ...declaration, layers, name: "strange" }, unable)).toEqual({
      problems: [
        { path: "layers[0]", code: "UNSUPPORTED", message: "needs the operation FFT, which cannot be compiled." },
      ],
    });
    expect(await bench.db.manager.countBy(Model, { name: "strange" })).toBe(0);
  });
});
