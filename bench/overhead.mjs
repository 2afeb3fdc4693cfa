// What the platform adds to a training step: a run through the scheduler, with a metric point for every step stored in
// Postgres, against the bare loop of the engine in a process of its own, on the same rows. Interleaved, on loopback.
// `node bench/overhead.mjs [net …]`, or `npm run bench:overhead`. Prints a table.
//
// A run's time is `finishedAt - startedAt`; it is taken away from that of a run with twice as many epochs, so that what happens
// once does not count: reading data, compiling, storing the version, and the worker's next trainer, which loads beside the
// first seconds of every run. What is left is steps, points, epochs and checkpoints.
import { spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { nodeFlags } from "./engine/library.mjs";
import { median, ratioOfMedians } from "./engine/statistics.mjs";
import { startPlatform } from "./start-platform.mjs";

const rounds = 7;
const rows = 512;
const batchSize = 32;
const stepsPerEpoch = rows / batchSize;
const width = 64;
/** A step of well below a millisecond, one of a few, and one above 20; each is trained for about three seconds. */
const nets = [
  { name: "small", layers: [{ dense: { units: 32, activation: "RELU" } }], epochs: 400 },
  { name: "medium", layers: Array(2).fill({ dense: { units: 512, activation: "RELU" } }), epochs: 150 },
  { name: "large", layers: Array(4).fill({ dense: { units: 1024, activation: "RELU" } }), epochs: 12 },
];

const asked = process.argv.slice(2);
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const features = [
  { name: "x", type: "VECTOR", shape: [width] },
  { name: "kind", type: "CATEGORY", categories: ["even", "odd"] },
];
const split = { train: 1, validation: 0, test: 0 };
const declaration = ({ name, layers }) => ({
  ...{ name, dataset: "bench", target: "kind", layers },
  preprocessing: [{ feature: "x", method: "NONE" }],
});
const row = (index) => ({
  x: Array.from({ length: width }, (_, element) => Math.sin(index * 1.3 + element)),
  kind: index % 2 ? "odd" : "even",
});

if (process.argv[2] === "bare") await serveBareLoop();
else await compare();

/** The participant without a platform: trains as told, one line of JSON after the other. */
async function serveBareLoop() {
  const load = async (file) => import(path.join(dist, file));
  const { resolveDataset } = await load("spec/resolve-dataset.js");
  const { resolveModel } = await load("spec/resolve-model.js");
  const { resolveOptimizer } = await load("spec/resolve-optimizer.js");
  const { createTrainingProgram } = await load("engine/training-program.js");
  const { createOnnxExecutor } = await load("engine/onnx/onnx-executor.js");
  const dataset = resolveDataset({ name: "bench", features, split }).spec;
  const optimizer = resolveOptimizer({ name: "bench", algorithm: { adam: {} } }).spec;
  const x = Float32Array.from(Array.from({ length: rows }, (_, index) => row(index).x).flat());
  const y = Float32Array.from(Array.from({ length: rows }, (_, index) => (index % 2 ? [0, 1] : [1, 0])).flat());
  for await (const line of createInterface({ input: process.stdin })) {
    const net = nets[JSON.parse(line)];
    const model = resolveModel(declaration(net), dataset).spec;
    const executor = createOnnxExecutor({ provider: "cpu", threads: 1 });
    const program = await createTrainingProgram({ model, optimizer, batchSize, seed: 1, executor });
    const train = async (epochs) => {
      const start = performance.now();
      for (let step = 0; step < epochs * stepsPerEpoch; step++) {
        const at = step % stepsPerEpoch;
        const part = (data, size) => data.subarray(at * batchSize * size, (at + 1) * batchSize * size);
        await program.step({ x: part(x, width), y: part(y, 2), count: batchSize, stepIndex: step });
      }
      return performance.now() - start;
    };
    await train(1);
    console.log(JSON.stringify((await train(net.epochs)) / (net.epochs * stepsPerEpoch)));
    program.dispose();
  }
}

async function compare() {
  const { request, stop } = await startPlatform();
  const bare = spawn(process.execPath, [...(await nodeFlags()), fileURLToPath(import.meta.url), "bare"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: bare.stdout })[Symbol.asyncIterator]();
  try {
    await request(
      "mutation ($input: DeclareDatasetInput!) { declareDataset(input: $input) { problems { message } } }",
      {
        input: { name: "bench", features, split },
      },
    );
    await request("mutation ($input: AppendRowsInput!) { appendRows(input: $input) { problems { message } } }", {
      input: { dataset: "bench", rows: Array.from({ length: rows }, (_, index) => row(index)) },
    });
    await request(
      `mutation { declareOptimizer(input: { name: "bench", algorithm: { adam: {} } }) { problems { message } } }`,
    );
    console.log(
      `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.version}; medians of ${rounds}\n`,
    );
    console.log(
      "net     bare loop, ms a step   platform, ms a step   added, ms a step   added, with its 95 % interval",
    );
    for (const [index, net] of nets.entries()) {
      if (asked.length > 0 && !asked.includes(net.name)) continue;
      await request("mutation ($input: DeclareModelInput!) { declareModel(input: $input) { problems { message } } }", {
        input: declaration(net),
      });
      const times = { bare: [], platform: [] };
      for (let round = 0; round < rounds; round++) {
        bare.stdin.write(`${index}\n`);
        times.bare.push(JSON.parse((await answers.next()).value));
        const [short, long] = [
          await train(request, net.name, net.epochs),
          await train(request, net.name, 2 * net.epochs),
        ];
        times.platform.push((long - short) / (net.epochs * stepsPerEpoch));
      }
      const [loop, run] = [median(times.bare), median(times.platform)];
      const { ratio, interval } = ratioOfMedians(times.platform, times.bare);
      const cells = [loop.toFixed(3).padStart(10), run.toFixed(3).padStart(22), (run - loop).toFixed(3).padStart(19)];
      const percent = (value) => `${(100 * (value - 1)).toFixed(1)} %`;
      const range = interval.map(percent).join(" to ");
      console.log(`${net.name.padEnd(8)}${cells.join("")}${percent(ratio).padStart(12)} (${range})`);
    }
  } finally {
    bare.stdin.end();
    await stop();
  }
}

/** Milliseconds from the start of a run to its end; every step's point must have been stored. */
async function train(request, model, epochs) {
  // An idle, warm worker: a run that has to wait for its trainer to load takes longer, whatever its length.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const queued = await request(
    `mutation ($model: String!, $epochs: Int!) { train(input: { model: $model, optimizer: "bench", epochs: $epochs, batchSize: ${batchSize} }) { problems { message } run { id } } }`,
    { model, epochs },
  );
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 250));
    const { run } = await request(
      "query ($id: ID!) { run(id: $id) { state progress { step } startedAt finishedAt error { message } } }",
      { id: queued.train.run.id },
    );
    if (["FAILED", "CANCELED"].includes(run.state)) throw new Error(run.error?.message ?? run.state);
    if (run.state !== "SUCCEEDED") continue;
    if (run.progress.step !== epochs * stepsPerEpoch) throw new Error("The run made another number of steps.");
    return Date.parse(run.finishedAt) - Date.parse(run.startedAt);
  }
}
