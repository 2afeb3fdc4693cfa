import { describe, expect, it, test } from "vitest";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { ModelDeclaration } from "../../src/language/models/model.js";
import { closedModel, resolveRevision, sizedModel } from "../../src/language/models/open-model.js";
import { positiveClass } from "../../src/language/models/positive.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
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
])("%j is refused", (changes, expected) => expect(problems(changes)).toEqual(expected));

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
