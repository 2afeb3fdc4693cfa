import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { resolveOptimizer } from "../../src/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { digest } from "../../src/language/fields/canonical.js";
import type { Resolution } from "../../src/language/fields/problem.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { resolveRetraining } from "../../src/language/retraining/resolve-retraining.js";
import { resolveTraining } from "../../src/language/training/resolve-training.js";
import { places, replaced } from "../past/mutations.js";
import {
  adamDecay,
  garden,
  gardenDataset,
  iris,
  irisDataset,
  irisSpecies,
  keepIrisFresh,
  resolved,
  trainIris,
} from "./declarations.js";

const irisModel = resolved(resolveModel(irisSpecies, irisDataset));
const mixed = {
  name: "m",
  dataset: "garden",
  target: "colour",
  inputs: ["photo"],
  preprocessing: [{ feature: "photo", method: "MIN_MAX" }],
  layers: [
    { batchNormalization: { momentum: 0.9, epsilon: 1e-4 } },
    { reshape: { targetShape: [2, -1] } },
    { layerNormalization: { center: false, betaRegularizer: null } },
    { flatten: { name: "flat" } },
    { activation: { function: "TANH" } },
  ],
  loss: { type: "CATEGORICAL_FOCAL_CROSSENTROPY", labelSmoothing: 0.1, alpha: 0.5 },
  metrics: ["ACCURACY", "F1_SCORE"],
  classWeights: { weights: [{ category: "red", weight: 2 }] },
  sampleWeight: "height",
  invalidRows: "SKIP",
};

/** Texts, sequences, times and image files. */
const elements = {
  name: "e",
  features: [
    { name: "note", type: "TEXT" },
    { name: "visits", type: "SEQUENCE", categories: ["a", "b"] },
    { name: "route", type: "SEQUENCE", shape: [2] },
    { name: "at", type: "TIMESTAMP" },
    { name: "photo", type: "IMAGE", shape: [2, 2, 1], resize: "CROP" },
    { name: "y", type: "BINARY" },
  ],
  split: { key: "at" },
};
const elementsDataset = resolved(resolveDataset(elements as never));
const reading = {
  name: "m",
  dataset: "e",
  target: "y",
  preprocessing: [
    {
      ...{
        feature: "note",
        method: "EMBEDDING",
        dimensions: 4,
        pooling: "NONE",
        standardize: "LOWER",
        split: "CHARACTER",
      },
      ...{ maxTokens: 7, maxLength: 5, padding: "POST", truncating: "PRE" },
    },
    { feature: "visits", method: "COUNT" },
    { feature: "at", method: "CALENDAR" },
  ],
  layers: [{ residual: { layers: [{ dense: { units: 289 } }] } }, { dropout: { rate: 0.5 } }],
};

const everything = {
  name: "o",
  algorithm: { rmsprop: { rho: 0.5, centered: true } },
  learningRate: { piecewiseConstantDecay: { boundaries: [2, 5], values: [1, 0.5, 0.1] } },
  weightDecay: 0.1,
  clipValue: 1,
  ema: { momentum: 0.9 },
  gradientAccumulationSteps: 2,
};

const declarations: [string, unknown, (declaration: never) => Resolution<unknown>][] = [
  ["dataset", iris, resolveDataset],
  ["dataset of every type", garden, resolveDataset],
  ["dataset of texts, sequences and times", elements, resolveDataset],
  ["model of texts, sequences and times", reading, (declaration) => resolveModel(declaration, elementsDataset)],
  ["model", irisSpecies, (declaration) => resolveModel(declaration, irisDataset)],
  ["model of every layer", mixed, (declaration) => resolveModel(declaration, gardenDataset)],
  ["optimizer", adamDecay, resolveOptimizer],
  ["optimizer of everything", everything, resolveOptimizer],
  [
    "training",
    trainIris,
    (declaration) => resolveTraining(declaration, irisModel, { train: 120, validation: 15, test: 15 }),
  ],
  ["retraining", keepIrisFresh, (declaration) => resolveRetraining(declaration, irisModel, { optimizer: true })],
];

describe.each(declarations)("a %s", (_, declaration, resolve) => {
  const answer = (of: unknown) => resolve(of as never);

  test("that is right has a spec that can be digested, the same each time", () => {
    const spec = resolved(answer(declaration));
    expect(digest(spec)).toBe(digest(resolved(answer(structuredClone(declaration)))));
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  test("with any JSON in any place has a spec or problems, and never throws", () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom(null, undefined, Number.NaN, Number.POSITIVE_INFINITY, -1, 0, "", [], {}),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places(declaration)), odd, (place, value) => {
        const { spec, problems } = answer(replaced(declaration, place, value));
        if (spec !== undefined) digest(spec);
        else expect(problems?.length).toBeGreaterThan(0);
        for (const { message, path } of problems ?? []) {
          expect(message).not.toContain("undefined");
          expect(path.length).toBeLessThan(300);
        }
      }),
      { numRuns: 400 },
    );
  });
});
