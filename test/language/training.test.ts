import { describe, expect, test } from "vitest";
import { digest } from "../../src/language/fields/canonical.js";
import { epochMetricNames, metricDirection, metricName } from "../../src/language/metrics/metrics.js";
import { metricTypes } from "../../src/language/models/model.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import type { Schedule } from "../../src/language/schedules/schedules.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import type { TrainingDeclaration } from "../../src/language/training/training.js";
import { faults, irisDataset, irisSpecies, resolved, trainIris } from "./declarations.js";

const model = resolved(resolveModel(irisSpecies, irisDataset));
const counts = { train: 120, validation: 15, test: 15 };
const noValidation = { ...counts, validation: 0 };
const training = (changes: object = {}, rows = counts) =>
  resolveTraining({ epochs: 10, ...changes } as TrainingDeclaration, model, rows);

describe("a training", () => {
  test("of the contract resolves", () => {
    expect(resolved(resolveTraining(trainIris, model, counts))).toEqual({
      epochs: 60,
      batchSize: 16,
      seed: 7,
      shuffle: true,
      earlyStopping: {
        monitor: "val_loss",
        mode: "MIN",
        patience: 15,
        minDelta: 0,
        restoreBest: true,
        startFromEpoch: 0,
      },
      checkpoint: { type: "AUTO" },
      keep: { latest: 2, best: 1, every: null },
      device: "ANY",
      threads: 1,
      maximumRestarts: 3,
      stepTimeoutSeconds: 600,
      replay: null,
      semantics: 2,
    });
  });

  test("takes defaults", () => {
    expect(resolved(training())).toMatchObject({ batchSize: 32, seed: 0, shuffle: true, earlyStopping: null });
    expect(resolved(training({}, { ...counts, train: 5 })).batchSize).toBe(5);
    expect(resolved(training({ batchSize: 120 })).batchSize).toBe(120);
  });

  test("has one digest, whether defaults are left out, null or written", () => {
    const written = { batchSize: 32, seed: null, shuffle: true, earlyStopping: null, checkpoint: {} };
    expect(digest(resolved(training(written)))).toBe(digest(resolved(training())));
  });

  test("asks for a device and threads", () => {
    expect(resolved(training({ device: "GPU", threads: 4 }))).toMatchObject({ device: "GPU", threads: 4 });
    expect(resolved(training({ device: null, threads: null }))).toMatchObject({ device: "ANY", threads: 1 });
    expect(faults(training({ device: "TPU", threads: 0 }))).toEqual(["device BAD_TYPE", "threads OUT_OF_RANGE"]);
    expect(faults(training({ threads: 65 }))).toEqual(["threads OUT_OF_RANGE"]);
    expect(faults(training({ threads: 1.5 }))).toEqual(["threads BAD_TYPE"]);
  });

  test("watches val_loss by default, epoch_loss where nothing is validated", () => {
    const defaults = { patience: 0, minDelta: 0, restoreBest: false, startFromEpoch: 0, mode: "MIN" };
    expect(resolved(training({ earlyStopping: {} })).earlyStopping).toEqual({ monitor: "val_loss", ...defaults });
    expect(resolved(training({ earlyStopping: {} }, noValidation)).earlyStopping?.monitor).toBe("epoch_loss");
  });

  describe("whose optimizer lowers its rate on a plateau", () => {
    const plateau = (monitor: string | null): Schedule => ({
      ...{ type: "reduceOnPlateau", initial: 0.1, monitor, mode: null, factor: 0.1, patience: 10 },
      ...{ minDelta: 0, cooldown: 0, minLearningRate: 0 },
    });
    test.each<[string | null, typeof counts, string[]]>([
      [null, noValidation, []],
      ["val_accuracy", counts, []],
      ["epoch_loss", noValidation, []],
      ["val_loss", noValidation, ["optimizer SPLIT_EMPTY"]],
      ["loss", counts, ["optimizer UNKNOWN_METRIC"]],
      ["val_auc", counts, ["optimizer UNKNOWN_METRIC"]],
    ])("of %s with rows %j has problems %j", (monitor, rows, expected) => {
      expect(faults(resolveTraining({ epochs: 1 }, model, rows, plateau(monitor)))).toEqual(expected);
    });
  });

  test.each([
    ["accuracy", "MAX"],
    ["val_accuracy", "MAX"],
    ["epoch_loss", "MIN"],
  ])("that watches %s looks for the %s", (monitor, mode) => {
    expect(resolved(training({ earlyStopping: { monitor } })).earlyStopping).toMatchObject({ monitor, mode });
  });

  test.each([
    [{ everySteps: 5 }, { type: "STEPS", every: 5 }],
    [{ everyEpochs: 2 }, { type: "EPOCHS", every: 2 }],
    [{ everySeconds: 0.5 }, { type: "SECONDS", every: 0.5 }],
    [{}, { type: "AUTO" }],
  ])("with checkpoint %j resolves", (checkpoint, expected) => {
    expect(resolved(training({ checkpoint })).checkpoint).toEqual(expected);
  });

  test.each<[string, object, string[]]>([
    ["no epochs", { epochs: null }, ["epochs REQUIRED"]],
    ["0 epochs", { epochs: 0 }, ["epochs OUT_OF_RANGE"]],
    ["too many epochs", { epochs: 1_000_001 }, ["epochs OUT_OF_RANGE"]],
    ["half an epoch", { epochs: 0.5 }, ["epochs BAD_TYPE"]],
    ["batches of 0", { batchSize: 0 }, ["batchSize OUT_OF_RANGE"]],
    ["batches larger than the data", { batchSize: 121 }, ["batchSize BATCH_TOO_LARGE"]],
    ["a negative seed", { seed: -1 }, ["seed OUT_OF_RANGE"]],
    ["an unknown metric to watch", { earlyStopping: { monitor: "val_auc" } }, ["earlyStopping.monitor UNKNOWN_METRIC"]],
    ["the loss of steps to watch", { earlyStopping: { monitor: "loss" } }, ["earlyStopping.monitor UNKNOWN_METRIC"]],
    ["negative patience", { earlyStopping: { patience: -1 } }, ["earlyStopping.patience OUT_OF_RANGE"]],
    ["a negative least change", { earlyStopping: { minDelta: -1 } }, ["earlyStopping.minDelta OUT_OF_RANGE"]],
    ["an unknown mode", { earlyStopping: { mode: "AUTO" } }, ["earlyStopping.mode BAD_TYPE"]],
    [
      "two checkpoint intervals",
      { checkpoint: { everySteps: 1, everyEpochs: 1 } },
      ["checkpoint.everyEpochs CONTRADICTION"],
    ],
    ["checkpoints every 0 steps", { checkpoint: { everySteps: 0 } }, ["checkpoint.everySteps OUT_OF_RANGE"]],
    [
      "checkpoints kept wrongly",
      { checkpoint: { keep: { latest: 0, best: -1, every: 0 } } },
      [
        "checkpoint.keep.latest OUT_OF_RANGE",
        "checkpoint.keep.best OUT_OF_RANGE",
        "checkpoint.keep.every OUT_OF_RANGE",
      ],
    ],
    ["restarts below 0", { maximumRestarts: -1 }, ["maximumRestarts OUT_OF_RANGE"]],
    ["steps that may take no time", { stepTimeoutSeconds: 0 }, ["stepTimeoutSeconds OUT_OF_RANGE"]],
    ["checkpoints every 0 seconds", { checkpoint: { everySeconds: 0 } }, ["checkpoint.everySeconds OUT_OF_RANGE"]],
    [
      "many faults",
      { epochs: 0, batchSize: 500, earlyStopping: { monitor: "x", patience: 1.5 } },
      [
        "epochs OUT_OF_RANGE",
        "batchSize BATCH_TOO_LARGE",
        "earlyStopping.monitor UNKNOWN_METRIC",
        "earlyStopping.patience BAD_TYPE",
      ],
    ],
  ])("with %s is refused", (_, changes, expected) => expect(faults(training(changes))).toEqual(expected));

  const many = { everySteps: 1, keep: { every: 1 } };
  test.each<[string, object, string[]]>([
    ["the last number of newest checkpoints", { checkpoint: { keep: { latest: 1_000 } } }, []],
    ["one more", { checkpoint: { keep: { latest: 1_001 } } }, ["checkpoint.keep.latest OUT_OF_RANGE"]],
    ["more of the best", { checkpoint: { keep: { best: 1_001 } } }, ["checkpoint.keep.best OUT_OF_RANGE"]],
    // 4 steps an epoch: 9,996 checkpoints and the one at the end.
    ["every checkpoint of 2,499 epochs", { epochs: 2_499, checkpoint: many }, []],
    ["every one of 2,500 epochs", { epochs: 2_500, checkpoint: many }, ["checkpoint.keep.every OUT_OF_RANGE"]],
    ["every second one of 2,500 epochs", { epochs: 2_500, checkpoint: { everySteps: 2, keep: { every: 2 } } }, []],
    [
      "as many by the clock",
      { epochs: 2_501, checkpoint: { everySeconds: 9, keep: { every: 1 } } },
      ["checkpoint.keep.every OUT_OF_RANGE"],
    ],
    ["a checkpoint a step for 249,999 epochs", { epochs: 249_999, checkpoint: { everySteps: 1 } }, []],
    [
      "a checkpoint a step for 250,000",
      { epochs: 250_000, checkpoint: { everySteps: 1 } },
      ["checkpoint.everySteps OUT_OF_RANGE"],
    ],
    [
      "a checkpoint an epoch for a million",
      { epochs: 1_000_000, checkpoint: { everyEpochs: 1 } },
      ["checkpoint.everyEpochs OUT_OF_RANGE"],
    ],
    // 120 steps an epoch, 4 metrics and a learning rate: 125 points.
    ["100,000,000 metric points", { epochs: 800_000, batchSize: 1 }, []],
    ["125 more", { epochs: 800_001, batchSize: 1 }, ["epochs OUT_OF_RANGE"]],
  ])("that stores %s", (_, changes, expected) => {
    const resolution = training(changes);
    expect(resolution.problems ? faults(resolution) : []).toEqual(expected);
  });

  test("that keeps more bytes than one may is refused, and told how many", () => {
    const wide = { ...model, layers: model.layers.map((layer) => layer) };
    const dense = wide.layers.find((layer) => layer.type === "dense");
    if (dense?.type !== "dense") throw new Error("there is no dense layer");
    // 65,536 × 7,600 weights and biases: 499 million parameters, two gigabytes a checkpoint.
    wide.layers = [{ ...dense, inputShape: [7_600], units: 65_536, outputShape: [65_536] }];
    const keep = (latest: number) =>
      resolveTraining({ epochs: 1_000, checkpoint: { everySteps: 1, keep: { latest } } }, wide, counts);
    expect(keep(500).problems).toBeUndefined();
    const { problems } = keep(700);
    expect(problems).toEqual([
      { path: "checkpoint.keep.latest", code: "OUT_OF_RANGE", message: expect.stringContaining("1,396,") },
    ]);
  });

  test("that watches validation without such rows is refused, and hears what there is", () => {
    const refused = training({ earlyStopping: { monitor: "val_loss" } }, noValidation);
    expect(faults(refused)).toEqual(["earlyStopping.monitor SPLIT_EMPTY"]);
    expect(refused.problems?.[0]?.message).toContain("epoch_loss or accuracy");
  });

  test("without training rows is refused", () => {
    expect(faults(training({ batchSize: 16 }, { ...counts, train: 0 }))).toEqual(["datasetVersion SPLIT_EMPTY"]);
  });

  test("that watches an unknown metric hears which exist", () => {
    const { problems } = training({ earlyStopping: { monitor: "val_auc" } });
    expect(problems?.[0]?.message).toBe('must be epoch_loss, accuracy, val_loss or val_accuracy, got "val_auc".');
  });
});

describe("metrics", () => {
  test("of an epoch are named in order", () => {
    expect(epochMetricNames(model, true)).toEqual(["epoch_loss", "accuracy", "val_loss", "val_accuracy"]);
    expect(epochMetricNames(model, false)).toEqual(["epoch_loss", "accuracy"]);
  });

  test("have a direction", () => {
    const best = Object.fromEntries(metricTypes.map((type) => [metricName(type), metricDirection(metricName(type))]));
    expect(best).toEqual({
      accuracy: "MAX",
      top_2_accuracy: "MAX",
      top_3_accuracy: "MAX",
      top_5_accuracy: "MAX",
      auc_pr: "MAX",
      hamming_loss: "MIN",
      interval_coverage: "MAX",
      macro_f1_score: "MAX",
      macro_precision: "MAX",
      macro_recall: "MAX",
      micro_f1_score: "MAX",
      micro_precision: "MAX",
      micro_recall: "MAX",
      subset_accuracy: "MAX",
      mean_pinball_loss: "MIN",
      mean_absolute_percentage_error: "MIN",
      precision: "MAX",
      recall: "MAX",
      f1_score: "MAX",
      auc: "MAX",
      log_loss: "MIN",
      brier_score: "MIN",
      mean_absolute_error: "MIN",
      mean_squared_error: "MIN",
      root_mean_squared_error: "MIN",
      r2_score: "MAX",
      matthews_correlation: "MAX",
    });
    expect(["loss", "epoch_loss", "val_loss", "val_r2_score"].map(metricDirection)).toEqual([
      "MIN",
      "MIN",
      "MIN",
      "MAX",
    ]);
  });
});
