// The memory of a training on many rows, beside what its plan says, and its rate beside that of a training whose encoded
// rows are all kept in memory. Five columns, two of them categories of 300 airports.
// `node bench/data/memory.mjs [rows]`, 3,000,000 by default.
import { readdirSync, readFileSync } from "node:fs";
import { startPlatform } from "../start-platform.mjs";

const rowCount = Number(process.argv[2] ?? 3_000_000);
const perAppend = 100_000;
const airports = Array.from({ length: 300 }, (_, index) => `A${String(index).padStart(3, "0")}`);
const { request, stop } = await startPlatform();

const row = (index) => {
  const [from, to] = [(index * 7919) % 300, (index * 104_729 + 13) % 300];
  const distance = 100 + Math.abs(from - to) * 9 + (index % 17);
  const date = new Date(978_307_200_000 + (index % 525_600) * 60_000).toISOString();
  return {
    date,
    delay: ((index * 31) % 97) + from / 10 - to / 20,
    distance,
    origin: airports[from],
    destination: airports[to],
  };
};

/** The highest resident memory so far, in bytes, of the process that computes a run. */
function peakOf(run) {
  let peak = 0;
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, "utf8");
      if (!command.includes("trainer") || !command.includes(run)) continue;
      const [, kibibytes = "0"] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, "utf8")) ?? [];
      peak = Math.max(peak, Number(kibibytes) * 1024);
    } catch {
      // A process that has ended meanwhile.
    }
  }
  return peak;
}

try {
  const category = (name) => ({ name, type: "CATEGORY", categories: airports });
  await request(`mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } } }`, {
    input: {
      name: "flights",
      features: [
        { name: "date", type: "TIMESTAMP" },
        { name: "delay", type: "NUMBER" },
        { name: "distance", type: "NUMBER" },
        category("origin"),
        category("destination"),
      ],
    },
  });
  for (let first = 0; first < rowCount; first += perAppend) {
    const rows = Array.from({ length: Math.min(perAppend, rowCount - first) }, (_, index) => row(first + index));
    await request(`mutation ($input: AppendRowsInput!) { appendRows(input: $input) { problems { message } } }`, {
      input: { dataset: "flights", rows },
    });
  }
  await request(`mutation {
    declareModel(input: { name: "delay", dataset: "flights", target: "delay", layers: [{ dense: { units: 32, activation: RELU } }] }) { problems { message } }
    declareOptimizer(input: { name: "adam", algorithm: { adam: {} } }) { problems { message } }
  }`);
  const input = { model: "delay", optimizer: "adam", epochs: 1, batchSize: 256 };
  const { planTraining } = await request(
    `query ($input: TrainInput!) { planTraining(input: $input) { problems { message } plan { peakMemoryBytes } } }`,
    { input },
  );
  const started = performance.now();
  const { train } = await request(
    `mutation ($input: TrainInput!) { train(input: $input) { problems { message } run { id } } }`,
    { input },
  );
  let [peak, state, steps, firstStep] = [0, "QUEUED", 0, undefined];
  while (!["SUCCEEDED", "FAILED"].includes(state)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    peak = Math.max(peak, peakOf(train.run.id));
    const { run } = await request(
      `query ($id: ID!) { run(id: $id) { state error { message } progress { step steps } } }`,
      { id: train.run.id },
    );
    ({ state } = run);
    if (run.error) console.error(run.error.message);
    if (run.progress.step > 0) firstStep ??= { at: performance.now(), step: run.progress.step };
    if (run.progress.step < run.progress.steps) steps = { at: performance.now(), step: run.progress.step };
  }
  const rate = ((steps.step - firstStep.step) * input.batchSize) / ((steps.at - firstStep.at) / 1_000);
  const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(
    `${rowCount.toLocaleString("en")} rows: ${state} in ${((performance.now() - started) / 1_000).toFixed(1)} s`,
  );
  console.log(`first step after              ${((firstStep.at - started) / 1_000).toFixed(1)} s`);
  console.log(`rows a second while training  ${Math.round(rate).toLocaleString("en")}`);
  console.log(`trainer's peak                ${mebibytes(peak)}`);
  const planned = planTraining?.plan?.peakMemoryBytes;
  if (planned != null)
    console.log(`planned                       ${mebibytes(planned)}, ${(planned / peak).toFixed(2)} of the peak`);
} finally {
  await stop();
}
