import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTrainingProgram } from "../../../src/engine/programs/training-program.js";
import { eager, expectSame } from "../onnx/compare.js";
import { batchAt, batchSize } from "../onnx/trajectory.js";
import { zooNet } from "../onnx/zoo.js";

const emulator = "qemu-x86_64";
const script = fileURLToPath(new URL("train.mjs", import.meta.url));
const steps = 20;
const seed = 3;
const tolerance = 1e-4;

/** What `/proc/cpuinfo` says on such a processor, as far as levels depend on it. */
const second = "fpu cx16 popcnt sse4_1 sse4_2 ssse3";
const processors = [
  {
    ...{ cpu: "Haswell", vectors: "AVX2 and no AVX-512", images: "in blocks of 8 channels", channelBlock: 8 },
    ...{ level: "x86-64-v3", more: "avx avx2 bmi1 bmi2 f16c fma movbe" },
  },
  // There ONNX Runtime's own code for blocks makes 0 of NaN.
  {
    ...{ cpu: "Nehalem", vectors: "SSE4 and no AVX", images: "in the usual layout", channelBlock: 0 },
    ...{ level: "x86-64-v2", more: "" },
  },
];

const nets = [
  "perceptron with dropout and penalties",
  "convolution and maximum pooling",
  "convolution on blocks of eight channels",
  "convolution on whole blocks of channels",
  "LSTM in two layers",
].map((name) => {
  const { model, optimizer } = zooNet(name);
  const batches = Array.from({ length: steps }, (_, step) => batchAt({ name, model, optimizer }, step));
  return { name, training: { model, optimizer, batchSize, seed, semantics: 2 as const }, batches };
});

interface Answer {
  channelBlock: number;
  processor: string;
  processorModel: string;
  blind: string[];
  losses: Record<string, number[]>;
}

/** Runs `train.mjs` on an emulated processor. `root` holds the files that the process sees in place of the system's. */
async function trainOn(cpu: string, root: string): Promise<Answer> {
  const child = spawn(emulator, ["-L", root, "-cpu", cpu, process.execPath, script]);
  child.stdin.end(JSON.stringify({ nets }, (_, value) => (value instanceof Float32Array ? Array.from(value) : value)));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (!output.startsWith("{")) throw new Error(`the process on ${cpu} said nothing: ${errors.slice(-2_000)}`);
  return JSON.parse(output) as Answer;
}

/** QEMU runs the process with the instructions of that processor; what they compute is exact, only slow. */
const isHere = process.arch === "x64" && spawnSync(emulator, ["-version"]).status === 0;

describe.skipIf(!isHere)("on an emulated processor (needs x86-64 and Debian's package qemu-user)", () => {
  const expected: Record<string, number[]> = {};
  const root = mkdtempSync(path.join(tmpdir(), "perennial-processor-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  beforeAll(async () => {
    for (const { name, training, batches } of nets) {
      const program = await createTrainingProgram({ ...training, executor: eager });
      const losses: number[] = [];
      for (const [stepIndex, rows] of batches.entries()) losses.push((await program.step({ ...rows, stepIndex })).loss);
      program.dispose();
      expected[name] = losses;
    }
  });

  it.each(processors)(
    "with $vectors, compiled nets train on images $images as eager ones do, and show NaN",
    { timeout: 300_000 },
    async (given) => {
      const proc = path.join(root, given.cpu, "proc");
      mkdirSync(proc, { recursive: true });
      // ONNX Runtime asks the processor, which is emulated; the system's file would describe the host's.
      const flags = `${second} ${given.more}`.trim();
      writeFileSync(path.join(proc, "cpuinfo"), `processor\t: 0\nmodel name\t: ${given.cpu}\nflags\t\t: ${flags}\n\n`);
      const { losses, ...processor } = await trainOn(given.cpu, path.dirname(proc));
      expect(processor).toEqual({
        ...{ channelBlock: given.channelBlock, processor: given.level, processorModel: given.cpu },
        blind: [],
      });
      expect(Object.keys(losses)).toEqual(Object.keys(expected));
      for (const [name, values] of Object.entries(expected)) expectSame(name, losses[name], values, tolerance);
    },
  );
});
