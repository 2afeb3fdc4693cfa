import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { tableFromRows } from "../../src/features/table.js";
import type { Split } from "../../src/language/datasets/dataset.js";
import { resolveModel } from "../../src/language/models/resolve-model.js";
import { writeSegment } from "../../src/segments/segment.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import { segmentKey } from "../../src/storage/keys.js";
import { loadData } from "../../src/trainer/data-feed.js";
import type { Assignment } from "../../src/trainer/protocol.js";
import { resolved } from "../language/declarations.js";

let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-data-"));
  store = await openFileStore({ root: folder, baseUrl: "http://localhost", secret: "s".repeat(32) });
});
afterAll(() => rm(folder, { recursive: true }));

const plain = { description: "", categories: [], shape: [] };
const features = [
  { ...plain, name: "size", type: "NUMBER" as const },
  { ...plain, name: "trust", type: "NUMBER" as const },
  { ...plain, name: "ripe", type: "BINARY" as const },
];
const whole: Split = { train: 1, validation: 0, test: 0, key: null, seed: 0 };

async function load(trust: number[], split = whole) {
  const rows = trust.map((weight, row) => ({ size: row, trust: weight, ripe: row === 0 }));
  const { bytes } = await writeSegment(features, tableFromRows(features, rows));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { key } = await store.put(segmentKey("dataset", sha256), bytes);
  const dataset = { name: "fruit", description: "", features, split };
  const declaration = {
    ...{ name: "m", dataset: "fruit", target: "ripe", layers: [], sampleWeight: "trust" },
    classWeights: { method: "BALANCED" as const },
  };
  const model = resolved(resolveModel(declaration, dataset));
  const training = { semantics: 2, earlyStopping: null };
  const sealed = { features, split, segments: [{ key, sha256 }] };
  const assignment = { model, dataset: sealed, training, parent: null, gate: null };
  const data = await loadData(assignment as unknown as Assignment, store);
  return { data, model };
}

async function trainingRows(trust: number[]) {
  const { data, model } = await load(trust);
  return data.rows("train", model, data.preprocessing);
}

it("warns of parts without rows, and without rows of a class", async () => {
  const shares = { train: 0.8, validation: 0.1, test: 0.1 };
  const { data } = await load([1, 1, 1, 1], { ...whole, ...shares, stratifyBy: "ripe" });
  expect(data.counts).toEqual({ train: 3, validation: 0, test: 1 });
  expect(data.warnings).toEqual([
    "the validation part of the dataset has no rows, so nothing is measured on it; the dataset has 4 rows",
    'the test part of the dataset has no rows of the class "true". `split.stratifyBy` divides the rows of each class',
  ]);
  expect((await load([1, 1])).data.warnings).toEqual([]);
});

it("gives each training row its own weight times that of its class; the weight is not an input", async () => {
  const rows = await trainingRows([1, 2, 1, 0.5]);
  expect(rows.take([0, 1, 2, 3]).x).toHaveLength(4);
  expect(rows.weight).toEqual(Float32Array.from([2, 2, 1, 0.5], (value, row) => (row === 0 ? value : (value * 2) / 3)));
});

it("refuses a negative weight with the feature and the row", async () => {
  await expect(load([1, -1, 1, 1])).rejects.toThrow(/row 1 \(.*"trust" must be at least 0 .* and is -1/);
});
