// The participant that runs our engine: `node perennial.mjs <threads>`. Commands and answers as the peers have them, one
// line of JSON each; see README.md.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { loadLibrary } from "./library.mjs";

const threads = Number(process.argv[2]);
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const library = await loadLibrary();

let program;
let rows;
let taken = 0;

async function load({ model, optimizer, tensors, batch, batches, seed }) {
  program?.dispose();
  const decoded = library.decodeSafetensors(readFileSync(tensors)).tensors;
  const values = Object.fromEntries(decoded.map(({ name, data }) => [name, data]));
  const { x, y, ...parameters } = values;
  const part = (data, index) => data.slice((index * data.length) / batches, ((index + 1) * data.length) / batches);
  rows = Array.from({ length: batches }, (_, index) => ({ x: part(x, index), y: part(y, index), count: batch }));
  const state = library.initialState(model, optimizer, seed, parameters);

  // `load` of the executor is where the step is traced, optimized and handed to ONNX Runtime.
  const executor = library.createOnnxExecutor({ provider: "cpu", threads });
  const loaded = { compileMilliseconds: 0, nodes: 0 };
  const measured = {
    ...executor,
    async load(graph) {
      const executable = await executor.load(graph);
      loaded.compileMilliseconds += executable.compileMilliseconds;
      loaded.nodes += executable.nodes;
      return executable;
    },
  };
  const start = performance.now();
  program = await library.createTrainingProgram({
    model,
    optimizer,
    batchSize: batch,
    seed,
    semantics: 2,
    executor: measured,
    state,
  });
  taken = 0;
  return { milliseconds: performance.now() - start, ...loaded };
}

async function steps(count) {
  const losses = [];
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let step = 0; step < count; step++, taken++) {
    const { loss } = await program.step({ ...rows[taken % rows.length], stepIndex: taken });
    losses.push(loss);
  }
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { milliseconds, cpuMilliseconds: (user + system) / 1000, losses };
}

const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json");
answer({ versions: { node: process.version, "onnxruntime-node": version } });
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  answer(command.load ? await load(command.load) : await steps(command.steps));
}
program?.dispose();
