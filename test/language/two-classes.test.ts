import { describe, expect, it, test } from "vitest";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import { type ModelDeclaration, trainedPart } from "../../src/language/models/model.js";
import { closedModel, resolveRevision, sizedModel } from "../../src/language/models/open-model.js";
import { positiveClass } from "../../src/language/models/positive.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import { resolved } from "./declarations.js";

const dataset = resolved(
  resolveDataset({
    name: "customers",
    features: [
      { name: "age", type: "NUMBER" },
      { name: "churn", type: "CATEGORY", categories: ["no", "yes"] },
      { name: "plan", type: "CATEGORY", categories: ["basic", "plus", "pro"] },
      { name: "answer", type: "CATEGORY" },
      { name: "paid", type: "BINARY" },
    ],
  }),
);
const declaration = (changes: Partial<ModelDeclaration>): ModelDeclaration => ({
  ...{ name: "m", dataset: "customers", target: "churn", inputs: ["age"], layers: [], ...changes },
});
const model = (changes: Partial<ModelDeclaration>) => resolveModel(declaration(changes), dataset);
const problems = (changes: Partial<ModelDeclaration>) =>
  (model(changes).problems ?? []).map(({ path, code, message }) => `${path} ${code} ${message}`);

describe("a CATEGORY target with two categories", () => {
  it("takes every metric that a BINARY target takes, and keeps its digest where nothing is declared", () => {
    const metrics = ["ACCURACY", "PRECISION", "RECALL", "F1_SCORE", "AUC", "AUC_PR", "MATTHEWS_CORRELATION"] as const;
    const all = [...metrics, "LOG_LOSS", "BRIER_SCORE"] as const;
    for (const target of ["churn", "paid"]) expect(resolved(model({ target, metrics: [...all] })).metrics).toEqual(all);
    expect(resolved(model({})).metrics).toEqual(["ACCURACY"]);
    expect(resolved(model({})).target).not.toHaveProperty("positiveCategory");
    expect(digest(resolved(model({ positiveCategory: null })))).toBe(digest(resolved(model({}))));
  });

  it("has the second category as the positive one, unless the other is declared", () => {
    expect(positiveClass(resolved(model({})).target)).toBe(1);
    const { target } = resolved(model({ positiveCategory: "no" }));
    expect([target.positiveCategory, positiveClass(target)]).toEqual(["no", 0]);
    expect(positiveClass(resolved(model({ target: "paid" })).target)).toBe(1);
    expect(positiveClass(resolved(model({ target: "plan" })).target)).toBeUndefined();
  });
});

test.each<[Partial<ModelDeclaration>, string[]]>([
  [
    { target: "plan", metrics: ["AUC", "LOG_LOSS"] },
    ["metrics[0] CONTRADICTION AUC needs a target with two categories, and this one has 3."],
  ],
  [
    { target: "plan", positiveCategory: "pro" },
    ["positiveCategory CONTRADICTION applies to targets with two categories only, and this one has 3."],
  ],
  [
    { positiveCategory: "maybe" },
    [`positiveCategory UNKNOWN_CATEGORY "maybe" is not a category of the target, which has no and yes.`],
  ],
  [{ positiveCategory: 1 as never }, ["positiveCategory BAD_TYPE must be a category, got 1."]],
  [
    { target: "paid", positiveCategory: "true" },
    [
      "positiveCategory CONTRADICTION applies to CATEGORY targets with two categories only, and this is a BINARY, whose positive class is true.",
    ],
  ],
  [
    { target: "age", inputs: ["paid"], positiveCategory: "yes" },
    ["positiveCategory CONTRADICTION applies to CATEGORY targets with two categories only, and this is a NUMBER."],
  ],
  [
    { target: "plan", threshold: { value: 0.3 } },
    ["threshold CONTRADICTION applies to targets with two classes only, and this one has 3."],
  ],
  [
    { target: "age", inputs: ["paid"], threshold: { value: 0.3 }, calibration: "TEMPERATURE" },
    [
      "threshold CONTRADICTION applies to targets with two classes only, and this one is a NUMBER.",
      "calibration CONTRADICTION applies to targets with classes only, and this is a NUMBER.",
    ],
  ],
  [{ threshold: { value: 1 } }, ["threshold.value OUT_OF_RANGE must be a finite number above 0 and below 1, got 1."]],
  [
    { threshold: { recallAtPrecision: 0 } },
    ["threshold.recallAtPrecision OUT_OF_RANGE must be a finite number above 0 and at most 1, got 0."],
  ],
])("%j is refused", (changes, expected) => expect(problems(changes)).toEqual(expected));

describe("threshold and calibration", () => {
  it("are left out of the spec where they are not declared, and resolved for every target with classes", () => {
    const { spec } = model({ threshold: null, calibration: null });
    expect(digest(spec)).toBe(digest(resolved(model({}))));
    for (const target of ["churn", "paid"]) {
      const of = (threshold: ModelDeclaration["threshold"]) => resolved(model({ target, threshold })).threshold;
      expect(of({ value: 0.3 })).toEqual({ type: "value", value: 0.3 });
      expect(of({ method: "BEST_F1" })).toEqual({ type: "method", method: "BEST_F1" });
      expect(of({ recallAtPrecision: 0.9 })).toEqual({ type: "recallAtPrecision", precision: 0.9 });
    }
    for (const target of ["churn", "paid", "plan"])
      expect(resolved(model({ target, calibration: "TEMPERATURE" })).calibration).toBe("TEMPERATURE");
  });

  it("do not keep a model from starting with the weights of one without them", () => {
    const plain = resolved(model({}));
    const answering = resolved(model({ threshold: { value: 0.3 }, calibration: "TEMPERATURE" }));
    expect(trainedPart(answering)).toEqual(trainedPart(plain));
    const open = (changes: Partial<ModelDeclaration>) =>
      resolved(resolveRevision(declaration({ target: "answer", ...changes }), dataset, undefined)).revision;
    const declared = { threshold: { method: "BEST_F1" as const }, calibration: "TEMPERATURE" as const };
    expect(trainedPart(open(declared))).toEqual(trainedPart(open({})));
    expect(trainedPart(open({ layers: [{ dense: { units: 2 } }] }))).not.toEqual(trainedPart(open({})));
  });

  it("of a list that the dataset keeps are those that were declared", () => {
    const declared = { threshold: { method: "BEST_F1" as const }, calibration: "TEMPERATURE" as const };
    const { revision } = resolved(resolveRevision(declaration({ target: "answer", ...declared }), dataset, undefined));
    const expected = { threshold: { type: "method", method: "BEST_F1" }, calibration: "TEMPERATURE" };
    expect(revision).toMatchObject(expected);
    expect(closedModel(revision, () => ["a", "b"]).spec).toMatchObject(expected);
    expect(closedModel(revision, () => ["a", "b", "c"]).problems).toMatchObject([{ path: "threshold" }]);
  });

  it("need validation rows where they are found", () => {
    const without = { train: 100, validation: 0, test: 20 };
    const problemsOf = (changes: Partial<ModelDeclaration>) =>
      (resolveTraining({ epochs: 1 }, resolved(model(changes)), without).problems ?? []).map(
        ({ path, code, message }) => `${path} ${code} ${message}`,
      );
    expect(problemsOf({ threshold: { value: 0.3 } })).toEqual([]);
    expect(problemsOf({ threshold: { method: "BEST_F1" }, calibration: "TEMPERATURE" })).toEqual([
      "model SPLIT_EMPTY its threshold and temperature are found on validation rows, and this dataset version has none.",
    ]);
  });
});

describe("a list that the dataset keeps", () => {
  const open = declaration({ target: "answer", metrics: ["AUC"], positiveCategory: "ja" });
  const revisionOf = (counts?: number) =>
    resolveRevision(open, dataset, counts === undefined ? undefined : new Map([["answer", counts]]));

  it("may have two categories in time; that it has not is told with the list", () => {
    const { revision } = resolved(revisionOf());
    const close = (list: string[]) => closedModel(revision, () => list);
    expect(close(["nein", "ja"]).spec?.target).toMatchObject({ positiveCategory: "ja", width: 2 });
    expect(close(["nein", "oui"]).problems).toMatchObject([{ path: "positiveCategory", code: "UNKNOWN_CATEGORY" }]);
    expect(close(["nein", "ja", "oui"]).problems).toMatchObject([
      { path: "positiveCategory", code: "CONTRADICTION" },
      { path: "metrics[0]", code: "CONTRADICTION" },
    ]);
    expect(sizedModel(revision, [{ feature: "answer", count: 2 }]).spec?.target.width).toBe(2);
    expect(digest(resolved(revisionOf(2)).revision)).toBe(digest(revision));
  });

  it("with more is refused at once", () => {
    expect(revisionOf(3).problems).toMatchObject([{ path: "metrics[0]", code: "CONTRADICTION" }]);
  });
});
