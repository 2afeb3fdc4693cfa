import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEagerExecutor } from "../../src/engine/eager/eager-executor.js";
import { splitState } from "../../src/engine/networks/state.js";
import { type Rows, sourceOf } from "../../src/engine/programs/row-source.js";
import { createTrainingProgram } from "../../src/engine/programs/training-program.js";
import { normal, randomKey } from "../../src/engine/tensors/random.js";
import type { OptimizerSpec } from "../../src/language/algorithms/optimizer.js";
import type { ReduceOnPlateau } from "../../src/language/schedules/schedules.js";
import { type EarlyStopping, type TrainingSpec, trainingDefaults } from "../../src/language/training/training.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import { epochOrder } from "../../src/trainer/batch-order.js";
import { loadCheckpoint, type TrainingPosition } from "../../src/trainer/checkpoint.js";
import { createCheckpointWriter, type SaveFile } from "../../src/trainer/checkpoint-writer.js";
import type { Data } from "../../src/trainer/data-feed.js";
import type { EncodedRows } from "../../src/trainer/encoded-rows.js";
import { describeEnvironment } from "../../src/trainer/environment.js";
import * as loop from "../../src/trainer/fit.js";
import type { Assignment, CheckpointObject, FromTrainer } from "../../src/trainer/protocol.js";
import { dense, modelOf, optimizerOf, plainAdam } from "../engine/models.js";
import { saveHere, saverOf } from "./checkpoints.js";

const model = modelOf([2], [dense("hidden", 4, "TANH")], {
  width: 1,
  activation: "LINEAR",
  loss: { type: "MEAN_SQUARED_ERROR" },
});
const plateau: ReduceOnPlateau = {
  ...{ type: "reduceOnPlateau", initial: 0.05, monitor: null, mode: null, factor: 0.5, patience: 1 },
  ...{ minDelta: 0.02, cooldown: 1, minLearningRate: 0.001 },
};
const optimizer = optimizerOf(
  plainAdam,
  plateau,
  { type: "NONE" },
  { ema: { momentum: 0.8 }, gradientAccumulationSteps: 2 },
);
const training: TrainingSpec = {
  ...{
    epochs: 9,
    batchSize: 6,
    seed: 3,
    shuffle: true,
    checkpoint: { type: "AUTO" },
    threads: 1,
    replay: null,
    semantics: 2,
  },
  ...trainingDefaults,
  earlyStopping: null,
};

const stopping = (patience: number): EarlyStopping => ({
  ...{ monitor: "val_loss", mode: "MIN", patience, minDelta: 0, restoreBest: true, startFromEpoch: 0 },
});

function part(count: number, purpose: string): Rows & EncodedRows {
  const x = Float32Array.from(normal(randomKey(1, purpose), count * 2));
  const y = Float32Array.from({ length: count }, (_, row) => (x[2 * row] as number) - 0.5 * (x[2 * row + 1] as number));
  const weight = Float32Array.from({ length: count }, (_, row) => 1 + (row % 3));
  return partOf({ x, y, count, weight });
}

function partOf(rows: Rows): Rows & EncodedRows {
  const encodedTargets = (numbers: ArrayLike<number>) => Float32Array.from(numbers, (row) => rows.y[row] as number);
  return {
    ...rows,
    ...sourceOf(rows),
    encodedTargets,
    targets: (numbers) => Float64Array.from(encodedTargets(numbers)),
  };
}

const rows = { train: part(20, "train"), validation: part(8, "validation"), test: part(0, "test") };
const data: Data = {
  preprocessing: { format: 1, inputs: [], target: { feature: "target", method: "NONE" } },
  counts: { train: 20, validation: 8, test: 0 },
  firstNew: 0,
  skipped: null,
  warnings: [],
  rows: (name) => rows[name === "gate" ? "test" : name],
};

let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-fit-"));
  store = await openFileStore({ root: folder, baseUrl: "http://localhost", secret: "s".repeat(32) });
});
afterAll(() => rm(folder, { recursive: true }));

const environment = describeEnvironment({ name: "eager-cpu", runtime: "tfjs" });

/** Reports that the file is stored, before the next step. */
const saveNowhere: SaveFile = async ({ buffer, sizeBytes }) => ({
  outcome: { type: "STORED", object: { key: "runs/run/1/none", sha256: "0".repeat(64), sizeBytes } },
  buffer,
});

/** A writer without a thread, and the messages that it sends. */
function writing(spec: TrainingSpec, saveFile: SaveFile = saveHere(store), patienceMs = 0) {
  const told: FromTrainer[] = [];
  const writer = createCheckpointWriter({
    assignment: { runId: "run", attempt: 1, training: spec },
    ...{ environment, saver: saverOf(saveFile), patience: { patienceMs, stopped: () => false } },
    send: (message) => told.push(message),
  });
  const saved = () => told.flatMap((message) => (message.type === "CHECKPOINT" ? [message.checkpoint] : []));
  return { writer, told, saved };
}

/** Trains from a position; after `drainAt` steps it is requested to save a checkpoint and stop. */
async function train(
  changes: Partial<TrainingSpec>,
  start: TrainingPosition | null = null,
  drainAt = 1e9,
  saveFile?: SaveFile,
  whenAt: (step: number) => void = () => {},
  { now = (): number => 0, patienceMs = 0, held = data } = {},
) {
  const executor = createEagerExecutor();
  const spec = { ...training, ...changes };
  const { batchSize, seed, semantics } = spec;
  const order = epochOrder({ ...spec, count: held.counts.train });
  const program = await createTrainingProgram({
    model,
    optimizer: optimizer as OptimizerSpec,
    batchSize,
    seed,
    semantics,
    stepsPerEpoch: order.stepsPerEpoch,
    executor,
  });
  const points: { seq: number; name: string; value: number }[] = [];
  const { writer, told, saved } = writing(spec, saveFile, patienceMs);
  let steps = 0;
  const position = await loop.fit({
    assignment: { model, optimizer, training: spec } as unknown as Assignment,
    data: held,
    order,
    program,
    start,
    now,
    checkpoints: writer,
    listener: {
      point({ seq, name, value, step }) {
        points.push({ seq, name, value });
        whenAt(step);
      },
      earlyStopped: () => undefined,
      flush: () => {},
      yield: async () => {
        // As a real trainer, which lets messages in.
        await delay(1);
        return steps++ === drainAt ? "DRAIN" : undefined;
      },
    },
  });
  return { position, points, checkpoints: saved(), told, program };
}

describe("a training", () => {
  it("lowers its rate when the validation loss stops improving", async () => {
    const { points, program } = await train({});
    const rates = points.filter(({ name }) => name === "learning_rate").map(({ value }) => value);
    expect(rates[0]).toBe(0.05);
    expect(rates.at(-1)).toBeLessThan(0.05);
    for (const [index, rate] of rates.entries())
      if (index > 0) expect(rate).toBeLessThanOrEqual(rates[index - 1] as number);
    program.dispose();
  });

  it.each([
    ["stopped within an epoch", 6, 2],
    ["stopped between two epochs", 20, 2],
    ["stopped with gradients gathered", 13, 2],
    ["of semantics 1, stopped with gradients gathered", 13, 1],
  ] as const)("%s and resumed ends bit for bit as one never interrupted", async (_, drainAt, semantics) => {
    const spec = { earlyStopping: stopping(50), semantics };
    const straight = await train(spec);
    const first = await train(spec, null, drainAt);
    expect(first.position).toBeUndefined();
    const [checkpoint] = first.checkpoints;
    expect(checkpoint?.step).toBe(drainAt);
    const start = await loadCheckpoint(store, checkpoint as CheckpointObject, "run");
    expect(start.plateau?.learningRate).toBeGreaterThan(0);
    const second = await train(spec, start);
    expect(second.position).toEqual(straight.position);
    expect([...first.points, ...second.points]).toEqual(straight.points);
    for (const { program } of [straight, first, second]) program.dispose();
  });

  it("continues while a checkpoint is stored, and skips those that are due by the clock meanwhile", async () => {
    const done: (() => void)[] = [];
    let steps = 0;
    const slow: SaveFile = async (file) => {
      // The first save lasts until the training has asked for another.
      if (file.step === 3) await new Promise<void>((resolve) => done.push(resolve));
      return saveNowhere(file);
    };
    const whenAt = (step: number) => {
      steps = step;
      if (step === 10) for (const release of done.splice(0)) release();
    };
    const everyThreeSteps = { checkpoint: { type: "SECONDS", every: 3 } } as const;
    const clock = { now: () => 1_000 * steps };
    const { checkpoints, program } = await train(everyThreeSteps, null, 1e9, slow, whenAt, clock);
    expect(steps).toBe(36);
    const [first, second, ...rest] = checkpoints.map(({ step }) => step);
    // Due since 6.
    expect([first, second]).toEqual([3, 11]);
    expect(rest.at(-1)).toBe(36);
    program.dispose();
  });

  it("stores the checkpoint of every requested step, however long the one before takes", async () => {
    const slow: SaveFile = async (file) => {
      await delay(20);
      return saveNowhere(file);
    };
    const { checkpoints, program } = await train({ checkpoint: { type: "STEPS", every: 3 } }, null, 1e9, slow);
    expect(checkpoints.map(({ step }) => step)).toEqual([3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33, 36]);
    program.dispose();
  });

  it("does not wait for a store that is unavailable", async () => {
    let away = true;
    const message = "nobody is there";
    const refusing: SaveFile = async (file) => {
      if (!away) return saveNowhere(file);
      // By then the next one is due, and waits.
      await delay(50);
      return { outcome: { type: "FAILED", code: "STORAGE_UNAVAILABLE", message }, buffer: file.buffer };
    };
    const whenAt = (step: number) => {
      away = step < 30;
    };
    const everyThird = { checkpoint: { type: "STEPS", every: 3 } } as const;
    const { checkpoints, program } = await train(everyThird, null, 1e9, refusing, whenAt, { patienceMs: 60_000 });
    // Refused at 3, it is tried again after a second, when the training has long come to its end.
    expect(checkpoints.map(({ step }) => step)).toEqual([3, 36]);
    program.dispose();
  });

  it("weighs the loss of each batch by its rows: a smaller last batch counts less", async () => {
    const { points, program } = await train({ epochs: 1 });
    const [a, b, c, d] = points.filter(({ name }) => name === "loss").map(({ value }) => value) as number[];
    const [epoch] = points.filter(({ name }) => name === "epoch_loss").map(({ value }) => value);
    expect(epoch).toBeCloseTo((6 * (a as number) + 6 * (b as number) + 6 * (c as number) + 2 * (d as number)) / 20, 12);
    program.dispose();
  });

  describe("whose validation rows all weigh 0", () => {
    const validation = partOf({ ...rows.validation, weight: new Float32Array(8) });
    const held: Data = {
      ...data,
      rows: (name) => (name === "validation" ? validation : rows[name === "gate" ? "test" : name]),
    };
    const trained = async (semantics: 1 | 2) => {
      const { points, position, program } = await train({ semantics }, null, 1e9, undefined, undefined, { held });
      program.dispose();
      const named = (name: string) => points.filter((point) => point.name === name).map(({ value }) => value);
      return { position, losses: named("val_loss"), rates: named("learning_rate"), trained: named("epoch_loss") };
    };

    it("has no val_loss, does not diverge, and uses the training loss for its plateau", async () => {
      const { position, losses, rates, trained: epochs } = await trained(2);
      expect(position?.finished).toBe(true);
      expect(losses).toEqual(new Array(9).fill(Number.NaN));
      // The rate falls only after an epoch that has not lowered the training loss by `minDelta`.
      const best = epochs.map((_, epoch) => Math.min(...epochs.slice(0, epoch)));
      const stalled = epochs.findIndex(
        (loss, epoch) => epoch > 0 && loss + plateau.minDelta >= (best[epoch] as number),
      );
      expect(rates.findIndex((rate) => rate < 0.05)).toBe(stalled === -1 || stalled === 8 ? -1 : stalled + 1);
    });

    it("had a val_loss of 0 under semantics 1, which did not improve", async () => {
      const { losses, rates } = await trained(1);
      expect(losses).toEqual(new Array(9).fill(0));
      expect(rates.slice(0, 3)).toEqual([0.05, 0.05, 0.025]);
    });
  });

  it("that is drained waits for the save in flight and then stores its last step", async () => {
    const slow: SaveFile = async (file) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return saveHere(store)(file);
    };
    const { checkpoints, program } = await train({ checkpoint: { type: "STEPS", every: 5 } }, null, 7, slow);
    expect(checkpoints.map(({ step }) => step)).toEqual([5, 7]);
    program.dispose();
  });

  it("records the monitored value with checkpoints at the end of an epoch", async () => {
    const { checkpoints, points, program } = await train(
      { checkpoint: { type: "STEPS", every: 1 }, epochs: 2 },
      ...([null, 1e9, saveNowhere] as const),
    );
    const losses = points.filter(({ name }) => name === "val_loss").map(({ value }) => value);
    expect(
      checkpoints.filter(({ monitored }) => monitored !== null).map(({ step, monitored }) => [step, monitored]),
    ).toEqual([
      [4, losses[0]],
      [8, losses[1]],
    ]);
    program.dispose();
  });

  it("returns the averaged weights, and stores the last ones in its checkpoint", async () => {
    const { position, checkpoints, points, program } = await train({});
    const kept = await loadCheckpoint(store, checkpoints.at(-1) as CheckpointObject, "run");
    expect(kept.finished).toBe(true);
    const average = kept.state["optimizer/ema/hidden/kernel"];
    expect(position?.state["hidden/kernel"]).toEqual(average);
    expect(kept.state["hidden/kernel"]).not.toEqual(average);
    const last = points.filter(({ name }) => name === "val_loss").at(-1)?.value;
    await program.restore(position?.state ?? {});
    expect((await program.evaluate(rows.validation)).loss).toBe(last);
    program.dispose();
  });

  it("that restores its best epoch returns the averages that were measured then", async () => {
    const { position, points, program } = await train({ epochs: 30, earlyStopping: stopping(3) });
    const best = Math.min(...points.filter(({ name }) => name === "val_loss").map(({ value }) => value));
    expect(position?.earlyStopping.best).toBe(best);
    const state = { ...position?.state, ...position?.bestParameters };
    await program.restore(state);
    expect((await program.evaluate(rows.validation)).loss).toBe(best);
    expect(splitState(state).parameters["hidden/bias"]).toEqual(state["optimizer/ema/hidden/bias"]);
    program.dispose();
  });
});

describe("a training whose weights are not finite, although its loss is,", () => {
  /** Trains in epochs of four steps; from the `from`th check of the weights on, one of them is NaN. */
  async function trainRuined(from: number, settings: typeof training) {
    const program = await createTrainingProgram({
      ...{ model, optimizer: optimizer as OptimizerSpec, batchSize: 6, seed: 3, semantics: 2, stepsPerEpoch: 4 },
      executor: createEagerExecutor(),
    });
    const ruined = { ...(await program.state()) };
    ruined["hidden/kernel"] = Float32Array.from(ruined["hidden/kernel"] as Float32Array, (value, index) =>
      index === 3 ? Number.NaN : value,
    );
    let looks = 0;
    const told: number[] = [];
    const { writer, saved } = writing(settings);
    const attempt = loop.fit({
      checkpoints: writer,
      assignment: { model, optimizer, training: settings } as unknown as Assignment,
      ...{ data, order: epochOrder({ ...settings, count: data.counts.train }), start: null, now: () => 0 },
      program: { ...program, peek: async (names) => (++looks < from ? program.peek(names) : ruined) },
      listener: {
        point: ({ step }) => told.push(step),
        ...{ earlyStopped: () => undefined, flush: () => {}, yield: async () => undefined },
      },
    });
    const outcome = await attempt.catch((error) => error);
    program.dispose();
    return { outcome, lastStep: Math.max(...told), saved: saved() };
  }
  const diverged = (step: number) => ({
    code: "DIVERGED",
    message: expect.stringMatching(new RegExp(`^hidden/kernel became NaN at step ${step};`)),
  });

  it("fails after the first epoch", async () => {
    const { outcome, lastStep, saved } = await trainRuined(1, training);
    expect(outcome).toMatchObject(diverged(4));
    expect(lastStep).toBe(4);
    expect(saved).toEqual([]);
  });

  it("fails after the epoch that ends 64 steps or more after the last check", async () => {
    const { outcome, lastStep, saved } = await trainRuined(2, { ...training, epochs: 30 });
    expect(outcome).toMatchObject(diverged(68));
    expect(lastStep).toBe(68);
    expect(saved).toEqual([]);
  });

  it("fails at its end", async () => {
    const { outcome, lastStep, saved } = await trainRuined(2, { ...training, epochs: 3 });
    expect(outcome).toMatchObject(diverged(12));
    expect(lastStep).toBe(12);
    expect(saved).toEqual([]);
  });
});
