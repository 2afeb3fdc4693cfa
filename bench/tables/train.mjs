// Trains the suggestion for a table in this process, on the rows of a split, as a run would be.
import { createHash } from "node:crypto";
import { createOnnxExecutor } from "../../dist/engine/onnx/run/onnx-executor.js";
import { splitIndices } from "../../dist/features/split.js";
import { tableFromRows } from "../../dist/features/table.js";
import { resolveOptimizer } from "../../dist/language/algorithms/resolve-optimizer.js";
import { resolveDataset } from "../../dist/language/datasets/resolve-dataset.js";
import { resolveModel } from "../../dist/language/models/resolve-model.js";
import { resolveTraining } from "../../dist/language/training/resolve-training.js";
import { describeSketch } from "../../dist/profile/profile.js";
import { sketchTable } from "../../dist/profile/sketches/feature-sketch.js";
import { suggest } from "../../dist/profile/suggest/suggest.js";
import { writeSegment } from "../../dist/segments/segment.js";
import { runAttempt } from "../../dist/trainer/attempt.js";

const resolved = ({ spec, problems }) => {
  if (spec) return spec;
  throw new Error(JSON.stringify(problems.slice(0, 3)));
};

/** The dataset of a table as JSON: a target of two classes is BINARY, as an import would make it. */
export function datasetOf(name, { columns, target }, seed) {
  const classes = new Set(columns.find((column) => column.name === target).values.filter((value) => value !== null));
  const isBinary = (column) => column.name === target && !column.isNumber && classes.size === 2;
  const [, positive] = [...classes].sort();
  const features = columns.map((column) => {
    const values = new Set(column.values.filter((value) => value !== null));
    const nullable = column.values.includes(null) && { nullable: true };
    if (column.isNumber) return { name: column.name, type: "NUMBER", ...nullable };
    if (isBinary(column)) return { name: column.name, type: "BINARY", ...nullable };
    // A category that never occurs, where there is one alone.
    const categories = [...values].sort();
    return {
      name: column.name,
      type: "CATEGORY",
      categories: categories.length > 1 ? categories : [...categories, "-"],
      ...nullable,
    };
  });
  const dataset = resolved(resolveDataset({ name, features, split: { train: 0.7, validation: 0.1, test: 0.2, seed } }));
  const count = columns[0].values.length;
  const rows = Array.from({ length: count }, (_, row) =>
    Object.fromEntries(
      columns.map((column) => {
        const value = column.values[row];
        return [column.name, isBinary(column) && value !== null ? value === positive : value];
      }),
    ),
  );
  return { dataset, table: tableFromRows(dataset.features, rows) };
}

/** Suggests, trains and evaluates. Answers the measurements on test rows, and how long it took. */
export async function trainSuggestion({ dataset, table }, target, { seed, change = (suggestion) => suggestion }) {
  const begun = performance.now();
  const profile = describeSketch(sketchTable(dataset.features, table));
  const columns = profile.features;
  const suggestion = change(suggest({ dataset: dataset.name, rowCount: profile.rowCount, columns }, target));
  const model = resolved(resolveModel(suggestion.model, dataset));
  const optimizer = resolved(resolveOptimizer(suggestion.optimizer));
  const parts = splitIndices(dataset.split, dataset.features, table);
  const counts = Object.fromEntries(Object.entries(parts).map(([part, rows]) => [part, rows.length]));
  const { model: _, optimizer: __, ...training } = suggestion.training;
  const spec = resolved(resolveTraining({ ...training, seed }, model, counts, optimizer.learningRate));
  const { bytes } = await writeSegment(dataset.features, table);
  const segment = { key: "rows", sha256: createHash("sha256").update(bytes).digest("hex"), rowCount: table.rowCount };
  const executor = createOnnxExecutor({ provider: "cpu", threads: 1 });
  let epochs = 0;
  const outcome = await runAttempt(
    {
      ...{ runId: "run_bench", attempt: 1, model, optimizer, training: spec },
      ...{ device: { provider: "cpu", uuid: null }, parent: null, gate: null, storesArtifacts: false, checkpoints: [] },
      dataset: { features: dataset.features, split: dataset.split, segments: [segment] },
      measured: { head: 0, rewoundAt: 0, environment: null },
    },
    {
      store: { get: async () => Buffer.from(bytes), put: async (key) => ({ key, sizeBytes: 0, sha256: "" }) },
      executor,
      saver: {
        saveFile: async ({ buffer }) => ({ outcome: { saved: false }, buffer }),
        reserve: async (size) => new ArrayBuffer(size),
      },
      patience: { patienceMs: 0, stopped: () => false },
      send: (message) => {
        if (message.type === "METRICS") epochs = message.progress.epoch;
      },
      flush: () => {},
      yield: async () => undefined,
      now: () => performance.now(),
    },
  );
  const test = Object.fromEntries(
    outcome.evaluation.filter(({ part }) => part === "test").map(({ name, value }) => [name, value]),
  );
  return { test, parts, epochs, seconds: (performance.now() - begun) / 1000, suggestion };
}
