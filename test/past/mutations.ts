import fc from "fast-check";
import { resolveDataset } from "../../src/language/datasets/resolve-dataset.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import {
  adamDecay,
  garden,
  gardenDataset,
  iris,
  irisDataset,
  irisSpecies,
  keepIrisFresh,
  trainIris,
} from "../language/declarations.js";
import type { Case } from "./corpus.js";

const seed = 20_261_130;
const tries = 400;

/** The contract's declarations with other values in one place, from a fixed seed; many are wrong and have no digest. */
export function mutatedCases(): Case[] {
  const model = resolveModel(irisSpecies, irisDataset).spec;
  const elements = resolveDataset({ name: "e", features: garden.features, split: { key: "colour" } }).spec;
  const bases: Case[] = [
    { kind: "dataset", args: [iris] },
    { kind: "dataset", args: [garden] },
    { kind: "model", args: [irisSpecies, irisDataset] },
    { kind: "model", args: [{ name: "m", dataset: "garden", target: "height", layers: [] }, gardenDataset] },
    { kind: "model", args: [{ name: "m", dataset: "e", target: "perennial", layers: [] }, elements] },
    { kind: "optimizer", args: [adamDecay] },
    { kind: "training", args: [trainIris, model, { train: 120, validation: 15, test: 15 }] },
    { kind: "retraining", args: [keepIrisFresh, model, { optimizer: true }] },
  ];
  const value = fc.oneof(
    fc.integer({ min: 0, max: 400 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(null, true, false, "iris", "species", "RELU", "SELU", "MIN", "val_accuracy"),
    fc.string({ maxLength: 8 }),
  );
  return bases.flatMap(({ kind, args: [declaration, ...rest] }) =>
    fc
      .sample(fc.tuple(fc.constantFrom(...places(declaration)), value), { seed, numRuns: tries })
      .map(([place, by]): Case => ({ kind, args: [replaced(declaration, place, by), ...rest] })),
  );
}

type Place = (string | number)[];

/** Paths to every value inside a declaration. */
export function places(value: unknown, path: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => places(item, [...path, key]))].filter(
    (place) => place.length > 0,
  );
}

/** A copy of a declaration with another value at one place. */
export function replaced(value: unknown, [key, ...rest]: Place, by: unknown): unknown {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}
