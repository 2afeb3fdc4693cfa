// What the platform adds to a training step: a run through the scheduler, with a metric point for every step stored in
// Postgres, against the bare loop of the engine in a process of its own, on the same rows.
// `node bench/overhead.mjs [net …]`, or `npm run bench:overhead`. Prints a table. Needs SIGSTOP and `ps`.
//
// The two train by turns, two seconds each: who waits is stopped by a signal, or asks for no step. What disturbs the machine
// for longer disturbs both, and what happens once in a run does not count: reading data, compiling, storing the version, and
// the worker's next trainer, which loads beside the first seconds. What is left is steps, points, epochs and checkpoints, of
// which a run without turns makes one in five seconds.
import { execFile, spawn } from "node:child_process";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { nodeFlags } from "./engine/library.mjs";
import { median, ratioOfMedians } from "./engine/statistics.mjs";
import { startPlatform } from "./start-platform.mjs";

const turnMs = 2_000;
/** How long points may take from the trainer into Postgres. */
const storedMs = 300;
const secondsPerCheckpoint = 5;
const rows = 512;
const batchSize = 32;
const stepsPerEpoch = rows / batchSize;
const width = 64;
/** A step of well below a millisecond, one of a few, and one above 20, of which a turn has few and its time says less. */
const nets = [
  { name: "small", turns: 31, layers: [{ dense: { units: 32, activation: "RELU" } }] },
  { name: "medium", turns: 31, layers: Array(2).fill({ dense: { units: 512, activation: "RELU" } }) },
  { name: "large", turns: 121, layers: Array(4).fill({ dense: { units: 1200, activation: "RELU" } }) },
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

/** The participant without a platform. To each line, a net's place among them, it answers with the milliseconds of a step. */
async function serveBareLoop() {
  const load = async (file) => import(path.join(dist, file));
  const { resolveDataset } = await load("language/datasets/resolve-dataset.js");
  const { resolveModel } = await load("language/models/resolve-model.js");
  const { resolveOptimizer } = await load("language/algorithms/resolve-optimizer.js");
  const { createTrainingProgram } = await load("engine/programs/training-program.js");
  const { createOnnxExecutor } = await load("engine/onnx/run/onnx-executor.js");
  const dataset = resolveDataset({ name: "bench", features, split }).spec;
  const optimizer = resolveOptimizer({ name: "bench", algorithm: { adam: {} } }).spec;
  const x = Float32Array.from(Array.from({ length: rows }, (_, index) => row(index).x).flat());
  const y = Float32Array.from(Array.from({ length: rows }, (_, index) => (index % 2 ? [0, 1] : [1, 0])).flat());
  let loaded;
  let program;
  for await (const line of createInterface({ input: process.stdin })) {
    if (loaded !== line) {
      program?.dispose();
      const model = resolveModel(declaration(nets[JSON.parse(line)]), dataset).spec;
      const executor = createOnnxExecutor({ provider: "cpu", threads: 1 });
      program = await createTrainingProgram({ model, optimizer, batchSize, seed: 1, executor });
      loaded = line;
    }
    const start = performance.now();
    let steps = 0;
    while (performance.now() - start < turnMs) {
      const at = steps % stepsPerEpoch;
      const part = (data, size) => data.subarray(at * batchSize * size, (at + 1) * batchSize * size);
      await program.step({ x: part(x, width), y: part(y, 2), count: batchSize, stepIndex: steps++ });
    }
    console.log((performance.now() - start) / steps);
  }
  program?.dispose();
}

async function compare() {
  const { request, stop } = await startPlatform();
  const bare = spawn(process.execPath, [...(await nodeFlags()), fileURLToPath(import.meta.url), "bare"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const answers = createInterface({ input: bare.stdout })[Symbol.asyncIterator]();
  const bareStep = async (net) => {
    bare.stdin.write(`${nets.indexOf(net)}\n`);
    return Number((await answers.next()).value);
  };
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
      `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.version}; medians of turns\n`,
    );
    console.log("net     turns   bare loop, ms a step   platform, ms a step   added, with its 95 % interval");
    for (const net of nets) {
      if (asked.length > 0 && !asked.includes(net.name)) continue;
      await request("mutation ($input: DeclareModelInput!) { declareModel(input: $input) { problems { message } } }", {
        input: declaration(net),
      });
      await bareStep(net);
      const usual = await bareStep(net);
      const times = { bare: [], platform: [] };
      const run = await startRun(request, net.name, Math.ceil((secondsPerCheckpoint * 1_000) / usual));
      for (let turn = 0; turn < net.turns; turn++) {
        times.bare.push(await bareStep(net));
        times.platform.push(await run.step());
      }
      await run.cancel();
      report(net, times);
    }
  } finally {
    bare.stdin.end();
    await stop();
  }
}

function report(net, times) {
  const [loop, run] = [median(times.bare), median(times.platform)];
  // Of neighbours in time: what disturbs the machine changes from minute to minute.
  const ratios = times.platform.map((time, turn) => time / times.bare[turn]);
  const { ratio, interval } = ratioOfMedians(ratios, Array(net.turns).fill(1));
  const added = (value, digits, scale = 1) => (scale * (value - 1)).toFixed(digits);
  const told = (digits, scale) =>
    `${added(ratio, digits, scale)} (${interval.map((value) => added(value, digits, scale)).join(" to ")})`;
  console.log(
    `${net.name.padEnd(8)}${String(net.turns).padStart(5)}${loop.toFixed(3).padStart(13)}${run.toFixed(3).padStart(22)}${"".padStart(11)}${told(3, loop)} ms, ${told(1, 100)} %`,
  );
}

/** Starts a run that goes on until it is canceled, and stops its trainer once the worker's next one has loaded. */
async function startRun(request, model, checkpointSteps) {
  const queued = await request(
    `mutation ($model: String!, $every: Int!) {
      train(input: { model: $model, optimizer: "bench", epochs: 1000000, batchSize: ${batchSize}, checkpoint: { everySteps: $every } }) { problems { message } run { id } }
    }`,
    { model, every: checkpointSteps },
  );
  const { id } = queued.train.run;
  const progress = async () => {
    const { run } = await request("query ($id: ID!) { run(id: $id) { state progress { step } error { message } } }", {
      id,
    });
    if (run.state !== "RUNNING") throw new Error(`${run.state}: ${run.error?.message}`);
    return run.progress.step;
  };
  await sleep(8_000);
  const trainer = await processOf(id);
  process.kill(trainer, "SIGSTOP");
  await sleep(storedMs);
  let before = await progress();
  return {
    /** The milliseconds of a step, in a turn. */
    async step() {
      const start = performance.now();
      process.kill(trainer, "SIGCONT");
      await sleep(turnMs);
      process.kill(trainer, "SIGSTOP");
      const elapsed = performance.now() - start;
      await sleep(storedMs);
      const steps = (await progress()) - before;
      before += steps;
      return elapsed / steps;
    },
    async cancel() {
      process.kill(trainer, "SIGCONT");
      await request("mutation ($id: ID!) { cancelRun(input: { runId: $id }) { problems { message } } }", { id });
    },
  };
}

/** The process that trains a run: its arguments name it. */
async function processOf(run) {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,args="]);
  const line = stdout.split("\n").find((text) => text.includes(run));
  if (!line) throw new Error(`no process trains ${run}`);
  return Number.parseInt(line, 10);
}
