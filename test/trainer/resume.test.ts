import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import { encodeSafetensors } from "../../src/engine/files/safetensors.js";
import { createTrainingProgram, type TrainingProgram } from "../../src/engine/programs/training-program.js";
import type { TrainingSpec } from "../../src/language/training/training.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import { epochOrder } from "../../src/trainer/batch-order.js";
import type { TrainingPosition } from "../../src/trainer/checkpoint.js";
import { freshEarlyStopping } from "../../src/trainer/early-stopping.js";
import { describeEnvironment } from "../../src/trainer/environment.js";
import type { CheckpointObject, FromTrainer } from "../../src/trainer/protocol.js";
import { resumeFrom } from "../../src/trainer/resume.js";
import { dense, modelOf, optimizerOf, plainAdam } from "../engine/models.js";
import { saveCheckpoint } from "./checkpoints.js";

const head = { width: 2, activation: "LINEAR", loss: { type: "MEAN_SQUARED_ERROR" } } as const;
const model = modelOf([3], [dense("hidden", 4, "RELU")], head);
const optimizer = optimizerOf(plainAdam);
const training = { epochs: 4, batchSize: 5, seed: 1, shuffle: true, threads: 1 } as TrainingSpec;
/** Steps of 5, 5 and 2 rows. */
const order = epochOrder({ ...training, count: 12 });
const environment = describeEnvironment({ name: "onnx-cpu-1", runtime: "onnxruntime 1.30.0" });

let folder: string;
let store: FileStore;
let program: TrainingProgram;
let position: TrainingPosition;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-resume-"));
  store = await openFileStore({ root: folder, baseUrl: "http://localhost", secret: "s".repeat(32) });
  const executor = createEagerExecutor();
  program = await createTrainingProgram({ model, optimizer, batchSize: 5, seed: 1, semantics: 2, executor });
  const state = Object.fromEntries(
    Object.entries(await program.state()).map(([name, values]) => [name, values.map((value) => value + 1)]),
  );
  position = {
    ...{ state, epoch: 2, stepInEpoch: 2, seq: 20, epochLosses: [1, 0.5], epochOutputs: new Float32Array(10 * 2) },
    ...{ earlyStopping: freshEarlyStopping, plateau: null, lastValues: [{ name: "val_loss", value: Number.NaN }] },
    ...{ bestParameters: { "hidden/bias": new Float32Array(4) }, environment, finished: false },
  };
});
afterAll(async () => {
  program?.dispose();
  await rm(folder, { recursive: true, force: true });
});

let attempt = 0;
/** A checkpoint with these changes, under a key of its own. */
const saved = (changes: Partial<TrainingPosition> = {}, runId = "run_1") =>
  saveCheckpoint(store, { runId, attempt: ++attempt }, 8, { ...position, ...changes });

/** Any bytes where a checkpoint should be, with their right digest. */
async function stored(bytes: Uint8Array): Promise<CheckpointObject> {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { key, sizeBytes } = await store.put(`runs/run_1/${++attempt}/8-${sha256}`, bytes);
  return { key, sha256, sizeBytes, attempt, step: 8, epoch: 2, monitored: null };
}

/** Tries the checkpoints in that order. */
async function resumed(...checkpoints: CheckpointObject[]) {
  const told: FromTrainer[] = [];
  const assignment = { runId: "run_1", model, training, checkpoints };
  const from = await resumeFrom({
    ...{ assignment, store, program, order, environment },
    send: (message) => told.push(message),
  });
  return { from, told };
}

describe("a checkpoint", () => {
  it("is resumed as it was saved", async () => {
    const { from, told } = await resumed(await saved());
    expect(from).toEqual(position);
    expect(await program.state()).toEqual(position.state);
    expect(told).toEqual([{ type: "RESUMED", step: 8 }]);
  });

  it("of another environment is resumed, and the differences are reported", async () => {
    const other = { ...environment, processor: "x86-64-v1", executor: "onnx-cpu-2" };
    const { told } = await resumed(await saved({ environment: other }));
    expect(told).toEqual([
      { type: "RESUMED", step: 8 },
      {
        type: "ENVIRONMENT_CHANGED",
        message: `resumed with executor onnx-cpu-1 instead of onnx-cpu-2, processor ${environment.processor} instead of x86-64-v1: the last bits of the results may differ`,
      },
    ]);
  });
});

const without = (name: string) =>
  Object.fromEntries(Object.entries(position.state).filter(([other]) => other !== name));
const vector = (name: string, data: Float32Array | Float64Array | Int32Array) => ({ name, shape: [data.length], data });
const measured = [vector("epoch/losses", new Float64Array(2)), vector("epoch/outputs", new Float32Array(20))];
const file = (position: string | undefined, tensors = measured) =>
  encodeSafetensors(tensors, { format: "perennial-checkpoint/1", run: "run_1", ...(position && { position }) });
const place = JSON.stringify({
  ...{ epoch: 2, stepInEpoch: 2, seq: 20, finished: false, earlyStopping: freshEarlyStopping, lastValues: [] },
});

/** What each is, how it comes about, and what is said of it. */
const useless: [string, () => Promise<CheckpointObject>, RegExp][] = [
  [
    "that is gone",
    async () => ({ ...(await saved()), key: "runs/run_1/9/8-none" }),
    /there is no|no object|not found/i,
  ],
  ["that was changed on its way", async () => ({ ...(await saved()), sha256: "0".repeat(64) }), /sha256|digest|match/i],
  ["that is cut short", async () => stored((await store.get((await saved()).key)).subarray(0, -8)), /safetensors/],
  ["that is no file of that format", () => stored(Buffer.from("hello")), /safetensors/],
  ["of another format", () => stored(encodeSafetensors(measured, { format: "perennial-weights/1" })), /version of/],
  ["of another run", () => saved({}, "run_2"), /of another run/],
  ["that says nothing", () => stored(file(undefined)), /does not say where/],
  ["that says nonsense", () => stored(file("{")), /does not say where/],
  ["that says null", () => stored(file("null")), /does not say where/],
  ["at no step", () => stored(file(place.replace('"epoch":2', '"epoch":-1'))), /does not say where/],
  ["without measurements", () => stored(file(place, [])), /lacks what was measured/],
  [
    "with whole numbers for weights",
    () => stored(file(place, [...measured, vector("state/hidden/bias", new Int32Array(4)) as never])),
    /not of float32/,
  ],
  ["of a later epoch than there is", () => saved({ epoch: 5 }), /stands at step 2 of epoch 5/],
  ["of a later step than there is", () => saved({ stepInEpoch: 3 }), /stands at step 3/],
  ["with more losses than steps", () => saved({ epochLosses: [1, 2, 3] }), /does not fit the data/],
  ["with outputs of other rows", () => saved({ epochOutputs: new Float32Array(11 * 2) }), /does not fit the data/],
  ["without a tensor", () => saved({ state: without("hidden/kernel") }), /Missing tensors: hidden\/kernel/],
  ["with one more tensor", () => saved({ state: { ...position.state, stray: new Float32Array(1) } }), /stray/],
  [
    "with a tensor of another size",
    () => saved({ state: { ...position.state, "hidden/kernel": new Float32Array(20) } }),
    /hidden\/kernel.* needs 12 numbers, not 20/,
  ],
  [
    "with best weights of another size",
    () => saved({ bestParameters: { "hidden/bias": new Float32Array(5) } }),
    /best weights/,
  ],
];

describe("an unusable checkpoint is skipped with a warning:", () => {
  test.each(useless)("one %s", async (_name, make, reason) => {
    await program.restore(position.state);
    const before = await program.state();
    const { from, told } = await resumed(await make());
    expect(from).toBeNull();
    expect(await program.state()).toEqual(before);
    expect(told).toEqual([{ type: "WARNING", message: expect.stringMatching(reason) }]);
    const older = await resumed(await make(), await saved());
    expect(older.from).toEqual(position);
    expect(older.told.map(({ type }) => type)).toEqual(["WARNING", "RESUMED"]);
  });
});

it("a checkpoint that was damaged in the store is refused by its digest", async () => {
  const checkpoint = await saved();
  const bytes = Buffer.from(await store.get(checkpoint.key));
  const place = (await readdir(folder, { recursive: true })).find((path) => path.endsWith(checkpoint.key)) as string;
  for (const at of [0, 20, bytes.length - 1]) {
    const damaged = Buffer.from(bytes);
    damaged[at] = (damaged[at] as number) ^ 1;
    await writeFile(join(folder, place), damaged);
    const { from, told } = await resumed(checkpoint);
    expect(from).toBeNull();
    expect(told).toMatchObject([{ type: "WARNING" }]);
  }
});
