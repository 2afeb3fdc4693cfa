// The training step against PyTorch's and Keras's on the same cores: `npm run bench:engine`. See README.md.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { loadLibrary, nodeFlags } from "./library.mjs";
import { measureCell } from "./measure.mjs";
import { batchSizes, nets, threadCounts } from "./nets.mjs";
import { availableCores } from "./participant.mjs";
import { describeMachine, line, readResults, updated, writeResults } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    cells: { type: "string" },
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    peers: { type: "string" },
    update: { type: "boolean", default: false },
    out: { type: "string", default: fileURLToPath(new URL("../results/", import.meta.url)) },
  },
});

function fail(message) {
  console.error(message);
  process.exit(2);
}

const rounds = Number(options.rounds ?? (options.quick ? 7 : 15));
if (!Number.isInteger(rounds) || rounds < 7) fail("--rounds must be a whole number of at least 7.");

function parseCell(text) {
  const [net, batch, threads, ...more] = text.split(":");
  const cell = { net, batch: Number(batch), threads: Number(threads ?? 1) };
  const counts = [cell.batch, cell.threads].every((count) => Number.isInteger(count) && count > 0);
  if (!Object.hasOwn(nets, net) || !counts || more.length > 0) {
    fail(`"${text}" is no cell: <net>:<batch>:<threads>, where the nets are ${Object.keys(nets).join(", ")}.`);
  }
  return cell;
}

const all = Object.keys(nets).flatMap((net) =>
  batchSizes.flatMap((batch) => threadCounts.map((threads) => ({ net, batch, threads }))),
);
const cells = options.cells ? options.cells.split(",").map(parseCell) : all;

const cache = process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache");
const python = process.env.PERENNIAL_BENCH_PYTHON ?? path.join(cache, "perennial-bench", "bin", "python");
if (!existsSync(python)) {
  fail(`There is no ${python}. Set the peers up with bench/engine/peers/setup.sh, or set PERENNIAL_BENCH_PYTHON.`);
}

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
const torch = (variant) => (threads) => [python, script("peers/torch_peer.py"), String(threads), variant];
/** The yardstick first. */
const peers = {
  torch: torch("eager"),
  "torch-fused": torch("fused"),
  "torch-compile": torch("compile"),
  keras: (threads) => [python, script("peers/keras_peer.py"), String(threads)],
};
const chosen = options.peers?.split(",") ?? (options.quick ? ["torch"] : Object.keys(peers));
for (const name of chosen) if (!Object.hasOwn(peers, name)) fail(`The peers are ${Object.keys(peers).join(", ")}.`);

const ours = [process.execPath, ...(await nodeFlags()), script("perennial.mjs")];
const participants = [
  { name: "perennial", command: (threads) => [...ours, String(threads)] },
  ...["torch", ...chosen.filter((name) => name !== "torch")].map((name) => ({ name, command: peers[name] })),
];
const cores = availableCores();
const most = Math.max(...cells.map(({ threads }) => threads));
if (most > (cores?.length ?? os.availableParallelism())) fail(`There are fewer than ${most} cores.`);

const library = await loadLibrary();
const machine = describeMachine(cores);
if (machine.loadAverage > 0.5) {
  const load = machine.loadAverage.toFixed(1);
  console.error(
    `The load average is ${load}: two threads that wait for each other suffer most from company. Look at the intervals.`,
  );
}
const former = options.update ? readResults(options.out) : undefined;
const directory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-engine-"));
const results = { machine, date: new Date().toISOString(), rounds, cells: [] };
try {
  for (const cell of cells) {
    const measured = await measureCell({ library, directory, cell, participants, cores, rounds, quick: options.quick });
    Object.assign(results.machine.versions, measured.versions);
    results.cells.push(measured.result);
    console.log(line(measured.result));
    // After each cell, so that a run that is stopped leaves what it has measured.
    writeResults(options.out, former ? updated(former, results) : results);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
if (results.cells.length > 0) console.log(`\nWritten to ${path.join(options.out, "engine.md")} and engine.json.`);
if (results.cells.some(({ lossesAgree }) => !lossesAgree)) {
  console.error("Losses differ: in those cells the times do not compare.");
  process.exitCode = 1;
}
