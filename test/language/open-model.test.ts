import { describe, expect, it } from "vitest";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { ModelDeclaration } from "../../src/language/models/model.js";
import {
  closedModel,
  isOpen,
  openFeatures,
  parametersOf,
  resolveRevision,
  sizedModel,
} from "../../src/language/models/open-model.js";

const { spec: dataset } = resolveDataset({
  name: "flights",
  features: [
    { name: "tail", type: "CATEGORY" },
    { name: "origin", type: "CATEGORY", categories: ["EWR", "JFK", "LGA"] },
    { name: "late", type: "NUMBER" },
    { name: "carrier", type: "CATEGORY" },
  ],
});

const delays: ModelDeclaration = {
  ...{ name: "delays", dataset: "flights", target: "late", inputs: ["tail", "origin"] },
  layers: [{ dense: { units: 4 } }],
};

function revisionOf(declaration: ModelDeclaration, counts?: Map<string, number>) {
  const { spec, problems } = resolveRevision(declaration, dataset, counts);
  expect(problems).toBeUndefined();
  return (spec as NonNullable<typeof spec>).revision;
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `N${index}`);

describe("a model on categories that the dataset keeps", () => {
  it("has a revision without the list, equal whatever the rows are and however null options are written", () => {
    const revision = revisionOf(delays);
    expect(isOpen(revision)).toBe(true);
    expect(openFeatures(revision)).toEqual(["tail"]);
    expect(JSON.stringify(revision)).not.toContain("N0");
    const later = revisionOf(
      { ...delays, loss: null, layers: [{ dense: { units: 4, name: null } }] },
      new Map([["tail", 4_000]]),
    );
    expect(digest(later)).toBe(digest(revision));
    expect(revisionOf({ ...delays, inputs: ["origin"] })).not.toHaveProperty("declared");
  });

  it("is sized from the list: one-hot with a place for OTHER, above 50 embedded", () => {
    const revision = revisionOf(delays);
    const sizes = (count: number) => closedModel(revision, () => names(count)).spec;
    expect(sizes(50)?.inputs).toMatchObject([
      { preprocessing: "ONE_HOT", width: 51, unseen: "OTHER" },
      { preprocessing: "ONE_HOT", width: 3 },
    ]);
    expect(sizes(50)?.inputs[1]).not.toHaveProperty("unseen");
    const embedded = sizes(51);
    expect(embedded?.inputs[0]).toMatchObject({ preprocessing: "EMBEDDING", width: 1 });
    expect(embedded?.layers[0]).toMatchObject({ columns: [{ embedding: { inputDim: 52 } }, { embedding: null }] });
    expect(parametersOf(revision, [{ feature: "tail", count: 50 }])).toBe((51 + 3) * 4 + 4 + 4 + 1);
  });

  it("has the sizes of its list without the list, of a million as well", () => {
    const revision = revisionOf(delays);
    const { spec } = sizedModel(revision, [{ feature: "tail", count: 1_000_000 }]);
    expect(spec?.layers[0]).toMatchObject({ columns: [{ embedding: { inputDim: 1_000_001, outputDim: 64 } }, {}] });
  });

  it("takes REFUSE and OTHER, declared lists OTHER as well, and other types neither", () => {
    const revision = revisionOf({
      ...delays,
      preprocessing: [
        { feature: "tail", unseen: "REFUSE" },
        { feature: "origin", unseen: "OTHER" },
      ],
    });
    const { spec } = closedModel(revision, () => names(5));
    expect(spec?.inputs.map(({ width, unseen }) => [width, unseen])).toEqual([
      [5, undefined],
      [4, "OTHER"],
    ]);
    const wrong = {
      ...delays,
      target: "origin",
      inputs: ["late"],
      preprocessing: [{ feature: "late", unseen: "OTHER" as const }],
    };
    expect(resolveRevision(wrong, dataset, undefined).problems).toMatchObject([
      { path: "preprocessing[0].unseen", code: "CONTRADICTION" },
    ]);
  });

  it("tells with the list what no list can be: too few classes, a weight for none of them", () => {
    const revision = revisionOf({
      ...{ ...delays, target: "carrier" },
      classWeights: { weights: [{ category: "ZZ", weight: 2 }] },
    });
    const close = (list: string[]) => closedModel(revision, (feature) => (feature === "carrier" ? list : names(3)));
    expect(close(["AA"]).problems).toMatchObject([{ path: "target", code: "OUT_OF_RANGE" }]);
    expect(close(["AA", "UA"]).problems).toMatchObject([{ code: "UNKNOWN_CATEGORY" }]);
    expect(close(["AA", "ZZ"]).spec?.classWeights).toEqual({ type: "GIVEN", weights: [1, 2] });
    expect(close(["AA", "ZZ"]).spec?.target).toMatchObject({ skipsUnseen: true, width: 2 });
  });
});
