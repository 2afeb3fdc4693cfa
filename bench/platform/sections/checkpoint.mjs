// How long a training stands still for a checkpoint, and what memory it costs: a state of 128 MB, saved over and over by
// the code of a trainer with its thread, into a file store, against one copy of as many bytes.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { median } from "../../engine/statistics.mjs";

export const title = "Checkpoints: stall of the training loop";

const megabytes = 128;
const saves = 11;
const tensors = 16;
const dist = new URL("../../../dist/", import.meta.url);

/** The process's peak and present memory in MB, from the kernel; null where it does not say. */
function memory() {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const read = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    return { peak: read("VmHWM"), now: read("VmRSS") };
  } catch {
    return null;
  }
}

/** Milliseconds that a processor has worked for the thread that trains, and for no other; NaN where the system does not say. */
function loopTime() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

/** @returns {Promise<{name: string, value: number, unit: string, goal: string, holds: boolean}[]>} */
export async function run() {
  const { createCheckpointWriter } = await import(new URL("trainer/checkpoint-writer.js", dist));
  const { startCheckpointThread } = await import(new URL("trainer/checkpoint-thread.js", dist));
  const { describeEnvironment } = await import(new URL("trainer/environment.js", dist));
  const directory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-"));
  const before = process.env.PERENNIAL_DATA_DIR;
  process.env.PERENNIAL_DATA_DIR = directory;
  // The thread does not keep its process alive, which in a trainer the channel to the worker does.
  const alive = setInterval(() => {}, 1_000);
  try {
    const size = (megabytes * 1e6) / 4 / tensors;
    const state = Object.fromEntries(
      Array.from({ length: tensors }, (_, index) => [
        `layer_${index}/kernel`,
        new Float32Array(size).fill(index + 0.5),
      ]),
    );
    const source = {
      stateSizes: Object.fromEntries(Object.keys(state).map((name) => [name, size])),
      async copyState(into) {
        for (const [name, array] of Object.entries(into)) array.set(state[name]);
      },
    };
    const position = {
      ...{ epoch: 1, stepInEpoch: 0, seq: 1, epochLosses: [], epochOutputs: new Float32Array(0) },
      ...{ earlyStopping: { best: null, bestEpoch: 0, wait: 0, bestValues: [] }, plateau: null, bestParameters: null },
      ...{ lastValues: [], finished: false },
    };
    const told = [];
    const saver = startCheckpointThread(new URL("programs/checkpoint-thread.js", dist));
    const writer = createCheckpointWriter({
      assignment: { runId: "run", attempt: 1, training: { earlyStopping: null } },
      environment: describeEnvironment({ name: "none", runtime: "none" }),
      saver,
      patience: { patienceMs: 0, stopped: () => false },
      send: (message) => told.push(message),
    });

    // What the stalls are compared with: the same tensors into memory that was written before, as the writer's is.
    const copy = new Float32Array(size * tensors);
    const copyAll = () => {
      let offset = 0;
      for (const array of Object.values(state)) {
        copy.set(array, offset);
        offset += array.length;
      }
    };
    copyAll();

    // The thread loads its programs and opens its store once, in the life of a trainer.
    await writer.save(0, position, { stateSizes: { a: 1 }, copyState: async () => {} });
    await writer.settled();
    const start = memory();
    // As a training does at its start, some time before its first save.
    writer.reserve(4 * size * tensors);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const stalls = [];
    const copies = [];
    const stored = [];
    const cpu = { stalls: [], copies: [] };
    const timed = async (work, times, processor) => {
      const before = loopTime();
      const begun = performance.now();
      await work();
      times.push(performance.now() - begun);
      processor.push(loopTime() - before);
    };
    for (let step = 1; step <= saves; step++) {
      for (let time = 0; time < 3; time++) await timed(copyAll, copies, cpu.copies);
      const begun = performance.now();
      await timed(() => writer.save(step, position, source), stalls, cpu.stalls);
      await writer.settled();
      stored.push(performance.now() - begun);
    }
    const end = memory();
    const checkpoints = told.filter(({ type }) => type === "CHECKPOINT").length;
    if (checkpoints !== saves + 1) throw new Error(`only ${checkpoints} were stored: ${JSON.stringify(told.at(-1))}`);
    // The fastest of each: what else the machine does meanwhile only ever adds.
    const ratio = Math.min(...stalls) / Math.min(...copies);
    const usual = median(stalls) / median(copies);
    const per100 = (milliseconds) => (milliseconds * 100) / megabytes;
    const row = (name, value, unit, goal, holds) => ({ name, value: Number(value.toFixed(2)), unit, goal, holds });
    const rows = [
      row(`stall of a save against a copy of ${megabytes} MB, fastest of each`, ratio, "times", "<= 1.5", ratio <= 1.5),
      row("the same, medians", usual, "times", "<= 1.5", usual <= 1.5),
      ...[median(cpu.stalls) / median(cpu.copies)]
        .filter(Number.isFinite)
        .map((times) => row("the same, processor time of the loop, medians", times, "times", "<= 1.5", times <= 1.5)),
      row("stall, median", per100(median(stalls)), "ms per 100 MB", "<= 100", per100(median(stalls)) <= 100),
      row("stall, longest", per100(Math.max(...stalls)), "ms per 100 MB", "<= 100", per100(Math.max(...stalls)) <= 100),
      row("a copy, median", per100(median(copies)), "ms per 100 MB", "-", true),
      row("until it is stored and verified, median", median(stored), "ms", "-", true),
    ];
    if (start && end) {
      const states = (end.peak - start.now) / megabytes;
      rows.push(row("peak extra memory", states, "states", "<= 1.2", states <= 1.2));
    }
    return rows;
  } finally {
    clearInterval(alive);
    if (before === undefined) delete process.env.PERENNIAL_DATA_DIR;
    else process.env.PERENNIAL_DATA_DIR = before;
    rmSync(directory, { recursive: true, force: true });
  }
}
