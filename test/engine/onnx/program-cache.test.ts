import { mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { evaluationGraph, predictionGraph } from "../../../src/engine/networks/inference-graphs.js";
import { trainingGraph } from "../../../src/engine/networks/training-graph.js";
import { anywhere } from "../../../src/engine/onnx/kernels/kernel.js";
import { optimize } from "../../../src/engine/onnx/passes/optimize.js";
import { serialize } from "../../../src/engine/onnx/program/serialize.js";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import {
  createProgramCache,
  engineVersion,
  type ProgramCacheOptions,
} from "../../../src/engine/onnx/run/program-cache.js";
import { trace } from "../../../src/engine/onnx/trace/trace.js";
import { createTrainingProgram } from "../../../src/engine/programs/training-program.js";
import { zooNet } from "./zoo.js";

const net = zooNet("convolution and maximum pooling");
const graph = trainingGraph(net.model, net.optimizer, 4);
const make = () => optimize(trace(graph));

let directory: string;
beforeEach(async () => {
  directory = path.join(await mkdtemp(path.join(tmpdir(), "perennial-programs-")), "programs");
});
afterEach(() => rm(path.dirname(directory), { recursive: true, force: true }));

/** A cache as another process has it, and how often it had to make a program. */
function open(options: Partial<ProgramCacheOptions> = {}) {
  const cache = createProgramCache({ directory, version: "1", ...options });
  const made = { count: 0 };
  const obtain = (of = graph, target = anywhere) =>
    cache.obtain(of, target, () => {
      made.count++;
      return of === graph ? make() : optimize(trace(of));
    });
  return { cache, made, obtain };
}

const files = async () => (await readdir(directory)).map((name) => path.join(directory, name));

describe("a program", () => {
  it("is made once, and the same in the next process", async () => {
    const first = open().obtain();
    const { obtain, made } = open();
    const again = obtain();
    expect(made.count).toBe(0);
    expect(serialize(again)).toEqual(serialize(first));
    expect(again).toEqual(first);
    expect(await files()).toHaveLength(1);
  });

  it("trains to the same weights, bit for bit", async () => {
    const trained = async (programs = open().cache) => {
      const executor = createOnnxExecutor({ provider: "cpu", programs });
      const program = await createTrainingProgram({ ...net, batchSize: 4, seed: 1, semantics: 2, executor });
      const rows = { x: new Float32Array(4 * 8 * 7 * 2).fill(0.5), y: new Float32Array(12).fill(1 / 3), count: 4 };
      for (let stepIndex = 0; stepIndex < 5; stepIndex++) await program.step({ ...rows, stepIndex });
      const { loss } = await program.evaluate(rows);
      const state = await program.state();
      program.dispose();
      return { loss, state };
    };
    const first = await trained();
    expect(await trained()).toEqual(first);
    expect((await files()).length).toBe(2);
  });

  it("is another one for another model, optimizer, batch, purpose or target, and for other code", async () => {
    const { obtain, made } = open();
    const other = zooNet("optimizer: Adam");
    obtain();
    obtain(trainingGraph(other.model, net.optimizer, 4));
    obtain(trainingGraph(net.model, zooNet("optimizer: SGD").optimizer, 4));
    obtain(trainingGraph(net.model, net.optimizer, 5));
    obtain(evaluationGraph(net.model, 4));
    obtain(predictionGraph(net.model, 4));
    obtain(graph, { channelBlock: 8, loops: true });
    expect(made.count).toBe(7);
    const later = open({ version: "2" });
    later.obtain();
    expect(later.made.count).toBe(1);
  });

  it("is the same for another learning rate", () => {
    const { obtain, made } = open();
    obtain();
    obtain(trainingGraph(net.model, { ...net.optimizer, learningRate: { type: "constant", value: 7 } }, 4));
    expect(made.count).toBe(1);
  });

  it("of a graph that does not say what it is, is made every time", () => {
    const { obtain, made } = open();
    const unknown = { ...graph, identity: undefined };
    obtain(unknown);
    obtain(unknown);
    expect(made.count).toBe(2);
  });

  it("that cannot be made is no program", () => {
    const { cache } = open();
    const failing = () => {
      throw new Error("it has no ONNX form");
    };
    expect(() => cache.obtain(graph, anywhere, failing)).toThrow("no ONNX form");
    expect(cache.obtain(graph, anywhere, make)).toEqual(make());
  });
});

test.each<[string, (file: string) => Promise<void>]>([
  ["cut short", async (file) => truncate(file, (await stat(file)).size - 1)],
  ["emptied", (file) => truncate(file, 0)],
  [
    "changed in one bit",
    async (file) => {
      const bytes = await readFile(file);
      bytes[bytes.length - 5] = (bytes[bytes.length - 5] as number) ^ 1;
      await writeFile(file, bytes);
    },
  ],
  ["overwritten", (file) => writeFile(file, "nonsense")],
])("a file that was %s is made anew", async (_name, damage) => {
  open().obtain();
  const [file] = await files();
  await damage(file as string);
  const { obtain, made } = open();
  expect(obtain()).toEqual(make());
  expect(made.count).toBe(1);
  const next = open();
  next.obtain();
  expect(next.made.count).toBe(0);
});

describe("the directory", () => {
  it("is kept below its size by forgetting what was not used for long", async () => {
    const graphs = [2, 3, 4, 5].map((batch) => evaluationGraph(net.model, batch));
    const probe = open();
    probe.obtain(graphs[0]);
    const { size } = await stat((await files())[0] as string);
    const { obtain, made } = open({ maximumBytes: Math.floor(size * 4.5) });
    for (const [index, each] of graphs.entries()) {
      obtain(each);
      for (const file of await files())
        if ((await stat(file)).mtimeMs > Date.now() - 60_000) await utimes(file, new Date(), new Date(index * 1_000));
    }
    // The first is used again, so the second is now the oldest.
    obtain(graphs[0]);
    obtain(evaluationGraph(net.model, 6));
    expect((await files()).length).toBe(4);
    made.count = 0;
    obtain(graphs[0]);
    expect(made.count).toBe(0);
    obtain(graphs[1]);
    expect(made.count).toBe(1);
  });

  it("takes no program that would fill most of it", async () => {
    const { obtain, made } = open({ maximumBytes: 5_000 });
    obtain();
    obtain();
    expect(made.count).toBe(2);
  });

  it("may be one where nothing can be written", async () => {
    await writeFile(directory, "a file, not a directory");
    const { obtain, made } = open();
    expect(obtain()).toEqual(obtain());
    expect(made.count).toBe(2);
  });
});

it("the version of the engine is that of its code", () => {
  expect(engineVersion()).toMatch(/^[0-9a-f]{64}$/);
  expect(engineVersion()).toBe(engineVersion());
});
