import { describe, expect, test } from "vitest";
import { digest } from "../../src/language/fields/canonical.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveRetraining } from "../../src/language/retraining/resolve-retraining.js";
import type { RetrainingDeclaration } from "../../src/language/retraining/retraining.js";
import { faults, irisDataset, irisSpecies, keepIrisFresh, resolved } from "./declarations.js";

const model = resolved(resolveModel(irisSpecies, irisDataset));
const context = { optimizer: true, split: irisDataset.split };
const policy = (changes: object = {}) =>
  resolveRetraining({ ...keepIrisFresh, ...changes } as RetrainingDeclaration, model, context);
const fineTune = (changes: object) => ({ train: { fineTune: { from: "champion", epochs: 1, ...changes } } });
const promote = (changes: object) => ({ promote: { alias: "champion", metric: "accuracy", ...changes } });

describe("a retraining policy", () => {
  test("of the contract resolves", () => {
    expect(resolved(policy())).toEqual({
      model: "iris-species",
      optimizer: "adam-decay",
      when: { type: "newRows", count: 20 },
      fineTune: { from: "champion", epochs: 20, batchSize: null, seed: 0, replay: { fraction: 0.5 } },
      promote: { alias: "champion", metric: "accuracy", mustNotDropBy: 0.02 },
    });
  });

  test("has one digest, whether defaults are left out, null or written, enabled or not", () => {
    const bare = { ...fineTune({}), ...promote({}), enabled: false };
    const written = {
      ...fineTune({ batchSize: null, seed: 0, replay: { fraction: null } }),
      ...promote({ mustNotDropBy: 0 }),
    };
    expect(digest(resolved(policy(bare)))).toBe(digest(resolved(policy(written))));
  });

  test("may judge by the loss", () => {
    expect(resolved(policy(promote({ metric: "loss" }))).promote.metric).toBe("loss");
  });

  test.each<[string, object, string[]]>([
    ["a bad name", { name: "a b" }, ["name BAD_NAME"]],
    ["no trigger", { when: {} }, ["when EXACTLY_ONE"]],
    ["0 new rows", { when: { newRows: 0 } }, ["when.newRows OUT_OF_RANGE"]],
    ["no way to train", { train: {} }, ["train EXACTLY_ONE"]],
    ["0 epochs", fineTune({ epochs: 0 }), ["train.fineTune.epochs OUT_OF_RANGE"]],
    ["no alias to start from", fineTune({ from: null }), ["train.fineTune.from REQUIRED"]],
    ["a reserved alias to start from", fineTune({ from: "latest" }), ["train.fineTune.from RESERVED_NAME"]],
    ["nothing but replay", fineTune({ replay: { fraction: 1 } }), ["train.fineTune.replay.fraction OUT_OF_RANGE"]],
    ["batches of 0", fineTune({ batchSize: 0 }), ["train.fineTune.batchSize OUT_OF_RANGE"]],
    ["a negative seed", fineTune({ seed: -1 }), ["train.fineTune.seed OUT_OF_RANGE"]],
    ["a bad alias", promote({ alias: "v3" }), ["promote.alias RESERVED_NAME"]],
    ["no metric", promote({ metric: null }), ["promote.metric REQUIRED"]],
    ["a metric the model has not", promote({ metric: "auc" }), ["promote.metric UNKNOWN_METRIC"]],
    ["a metric in upper case", promote({ metric: "ACCURACY" }), ["promote.metric UNKNOWN_METRIC"]],
    ["a negative drop", promote({ mustNotDropBy: -0.1 }), ["promote.mustNotDropBy OUT_OF_RANGE"]],
    ["an infinite drop", promote({ mustNotDropBy: Number.POSITIVE_INFINITY }), ["promote.mustNotDropBy OUT_OF_RANGE"]],
    [
      "many faults",
      { when: {}, train: {}, ...promote({ alias: "latest", metric: "x" }) },
      ["when EXACTLY_ONE", "train EXACTLY_ONE", "promote.metric UNKNOWN_METRIC", "promote.alias RESERVED_NAME"],
    ],
  ])("with %s is refused", (_, changes, expected) => expect(faults(policy(changes))).toEqual(expected));

  test("for an unknown model and optimizer says so of both", () => {
    expect(faults(resolveRetraining(keepIrisFresh, undefined, { optimizer: false }))).toEqual([
      "model UNKNOWN_REFERENCE",
      "optimizer UNKNOWN_REFERENCE",
    ]);
  });

  test("whose gate would have no test rows is refused", () => {
    const split = { test: 0 };
    expect(faults(resolveRetraining(keepIrisFresh, model, { optimizer: true, split }))).toEqual([
      "promote.metric SPLIT_EMPTY",
    ]);
  });
});
