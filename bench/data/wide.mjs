// Tables of thousands of columns: how long each step takes that sees all of them, and how that grows with their number.
// `node bench/data/wide.mjs [columns rows]…`, by default 1000 2000 and 10000 100.
process.env.ORT_DISABLE_TELEMETRY ??= "1";
const load = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);
const { planTraining } = await load("engine/programs/training-plan.js");
const { initialParameters } = await load("engine/networks/state.js");
const { exportVersion } = await load("engine/onnx/export/export.js");
const { encodeInputs, fitPreprocessing } = await load("features/preprocessing.js");
const { sealRows } = await load("intake/seal.js");
const { resolveOptimizer } = await load("language/algorithms/resolve-optimizer.js");
const { withCategories } = await load("language/datasets/feature-types.js");
const { resolveDataset } = await load("language/datasets/resolve-dataset.js");
const { closedModel, resolveRevision } = await load("language/models/open-model.js");
const { readSegments } = await load("segments/segment.js");

/** One step: seconds of the clock, and of the processor, which other programs on the machine do not lengthen. */
async function timed(step, work) {
  const [began, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const seconds = ((performance.now() - began) / 1_000).toFixed(2);
  console.log(
    `  ${step.padEnd(20)} ${seconds.padStart(7)} s  ${((user + system) / 1e6).toFixed(2).padStart(7)} s of processor`,
  );
  return result;
}

const types = ["CATEGORY", "BINARY", ...new Array(8).fill("NUMBER")];
const cellOf = {
  CATEGORY: (r, c) => `k${(r * c) % 17}`,
  BINARY: (r, c) => (r + c) % 2 === 0,
  NUMBER: (r, c) => ((r * 31 + c * 17) % 1_000) / 7,
};

async function measure(columns, count) {
  console.log(`${columns} columns × ${count} rows`);
  const features = Array.from({ length: columns }, (_, c) => ({ name: `column ${c}`, type: types[c % types.length] }));
  const { spec: dataset } = await timed("declare the dataset", () => resolveDataset({ name: "wide", features }));
  const rows = Array.from({ length: count }, (_, r) =>
    Object.fromEntries(features.map(({ name, type }, c) => [name, cellOf[type](r, c)])),
  );
  const request = { features: dataset.features, split: dataset.split, firstOrdinal: 0 };
  const { segment } = await timed("append the rows", () => sealRows(request, rows));
  const lists = new Map(segment.categories.map(({ feature, values }) => [feature, values]));
  const listOf = (feature) => lists.get(feature) ?? [];
  const table = await timed("read the segment", () =>
    readSegments(withCategories(dataset.features, listOf), [segment.bytes]),
  );
  const declared = {
    name: "m",
    dataset: "wide",
    target: "column 2",
    layers: [{ dense: { units: 16, activation: "RELU" } }],
  };
  const counts = new Map([...lists].map(([feature, values]) => [feature, values.length]));
  const { spec } = await timed("declare the model", () => resolveRevision(declared, dataset, counts));
  const { spec: model } = await timed("size it for a run", () => closedModel(spec.revision, listOf));
  const indices = Uint32Array.from({ length: count }, (_, row) => row);
  const preprocessing = await timed("fit preprocessing", () => fitPreprocessing(model, table, indices));
  await timed("encode", () => encodeInputs(model, preprocessing, table, indices));
  const { spec: optimizer } = resolveOptimizer({ name: "o", algorithm: { adam: {} } });
  const training = { batchSize: 32, epochs: 1, threads: 1, semantics: 2, device: "CPU" };
  const data = { rowCount: count, splitCounts: { train: count, validation: 0, test: 0 } };
  await timed("plan", () => planTraining(model, optimizer, training, data));
  await timed("export model.onnx", () =>
    exportVersion({ model, parameters: initialParameters(model, 0), preprocessing }),
  );
}

const given = process.argv.slice(2).map(Number);
for (let index = 0; index < Math.max(2, given.length); index += 2)
  if (given.length > 0) await measure(given[index], given[index + 1]);
if (given.length === 0)
  for (const [columns, count] of [
    [1_000, 2_000],
    [10_000, 100],
  ])
    await measure(columns, count);
