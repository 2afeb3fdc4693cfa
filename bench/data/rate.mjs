// What it costs to encode rows for each batch: training steps on rows that are encoded for each batch, and on rows that
// were encoded once and kept, in turns. The columns are those of memory.mjs. `node bench/data/rate.mjs`.
process.env.ORT_DISABLE_TELEMETRY ??= "1";
const load = (file) => import(new URL(`../../dist/${file}`, import.meta.url).href);
const { createOnnxExecutor } = await load("engine/onnx/run/onnx-executor.js");
const { createTrainingProgram } = await load("engine/programs/training-program.js");
const { fitPreprocessing } = await load("features/preprocessing.js");
const { resolveOptimizer } = await load("language/algorithms/resolve-optimizer.js");
const { resolveModel } = await load("language/models/resolve-model.js");
const { encodedRows } = await load("trainer/encoded-rows.js");

const [count, batchSize, steps, rounds] = [200_000, 256, 100, 15];
const airports = Array.from({ length: 300 }, (_, index) => `A${index}`);
const feature = (name, type, categories = []) => ({ name, type, description: "", categories, shape: [] });
const features = [
  feature("date", "TIMESTAMP"),
  feature("delay", "NUMBER"),
  feature("distance", "NUMBER"),
  feature("origin", "CATEGORY", airports),
  feature("destination", "CATEGORY", airports),
];
const value = { TIMESTAMP: (row) => 978_307_200_000 + row * 60_000, NUMBER: (row) => (row * 31) % 97 };
const columns = features.map(({ name, type }, index) => [
  name,
  Float64Array.from({ length: count }, (_, row) => value[type]?.(row) ?? (row * (7919 + index)) % 300),
]);
const table = { rowCount: count, columns: new Map(columns) };
const split = { train: 1, validation: 0, test: 0, key: null, seed: 0 };
const declared = { name: "m", dataset: "d", target: "delay", layers: [{ dense: { units: 32, activation: "RELU" } }] };
const { spec: model } = resolveModel(declared, { name: "d", description: "", features, split });
const { spec: optimizer } = resolveOptimizer({ name: "o", algorithm: { adam: {} } });
const rows = Uint32Array.from({ length: count }, (_, row) => row);
const fitted = fitPreprocessing(model, table, rows);

const executor = createOnnxExecutor({ provider: "cpu" });
const program = await createTrainingProgram({ model, optimizer, batchSize, seed: 0, executor, semantics: 2 });
const sources = [0, Number.POSITIVE_INFINITY].map((kept) => encodedRows(model, fitted, table, rows, undefined, kept));
let stepIndex = 0;
let losses;

/** Rows a second of `steps` steps, each on rows from all over the table. */
async function rate(source) {
  losses = [];
  const started = performance.now();
  for (let step = 0; step < steps; step++) {
    const numbers = Uint32Array.from({ length: batchSize }, (_, row) => ((step * batchSize + row) * 7919) % count);
    const { loss } = await program.step({ ...source.take(numbers), stepIndex: stepIndex++, learningRate: 0 });
    losses.push(loss);
  }
  return (steps * batchSize) / ((performance.now() - started) / 1_000);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rates = [[], []];
for (let round = -2; round < rounds; round++) {
  const seen = [];
  for (const [index, source] of sources.entries()) {
    const measured = await rate(source);
    if (round >= 0) rates[index].push(measured);
    seen.push(losses.join());
  }
  if (seen[0] !== seen[1]) throw new Error("the losses differ");
}
program.dispose();
const ratios = rates[0].map((encoded, round) => encoded / rates[1][round]);
const shown = (number) => Math.round(number).toLocaleString("en");
console.log(`rows a second, encoded for each batch  ${shown(median(rates[0]))}`);
console.log(`rows a second, encoded once            ${shown(median(rates[1]))}`);
console.log(`ratio, median of ${rounds}                    ${median(ratios).toFixed(2)}; the losses are equal`);
