import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/engine/files/safetensors.js";
import type { State } from "../../src/engine/graphs/executor.js";
import { type ErrorCode, PlatformError } from "../../src/errors.js";
import { trainingDefaults } from "../../src/language/training/training.js";
import { type FileStore, openFileStore } from "../../src/storage/file-store.js";
import { loadCheckpoint, type TrainingPosition } from "../../src/trainer/checkpoint.js";
import { startCheckpointThread } from "../../src/trainer/checkpoint-thread.js";
import { createCheckpointWriter, type SaveFile } from "../../src/trainer/checkpoint-writer.js";
import { freshEarlyStopping } from "../../src/trainer/early-stopping.js";
import { describeEnvironment } from "../../src/trainer/environment.js";
import type { Assignment, FromTrainer } from "../../src/trainer/protocol.js";
import { checkpointBytes, saveHere, saverOf } from "./checkpoints.js";

const environment = describeEnvironment({ name: "eager-cpu", runtime: "tfjs" });
const training = { ...trainingDefaults, earlyStopping: null } as unknown as Assignment["training"];
const position: Omit<TrainingPosition, "state"> = {
  ...{ epoch: 1, stepInEpoch: 0, seq: 9, epochLosses: [], epochOutputs: new Float32Array(0) },
  ...{ earlyStopping: freshEarlyStopping, plateau: null, bestParameters: null, finished: false },
  lastValues: [{ name: "epoch_loss", value: 0.5 }],
};
const stateOf = (value: number): State => ({ "a/kernel": new Float32Array(5).fill(value), b: Float32Array.of(value) });
const sourceOf = (state: State) => ({
  stateSizes: Object.fromEntries(Object.entries(state).map(([name, values]) => [name, values.length])),
  async copyState(into: State) {
    for (const [name, array] of Object.entries(into)) array.set(state[name] as Float32Array);
  },
});

let folder: string;
let store: FileStore;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "perennial-writer-"));
  const root = join(folder, "objects");
  store = await openFileStore({ root, baseUrl: "http://localhost", secret: "s".repeat(32) });
});
afterAll(() => rm(folder, { recursive: true }));

function writing(saveFile: SaveFile, patienceMs = 0, reserve = saverOf(saveFile).reserve) {
  const told: FromTrainer[] = [];
  const writer = createCheckpointWriter({
    assignment: { runId: "run", attempt: 1, training },
    ...{ environment, saver: { saveFile, reserve }, patience: { patienceMs, stopped: () => false } },
    send: (message) => told.push(message),
  });
  return { writer, told };
}

/** Saves that come to their end when they are let go. */
function held() {
  const waiting: (() => void)[] = [];
  const saveFile: SaveFile = async (file) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    return saveHere(store)(file);
  };
  return { saveFile, release: () => waiting.shift()?.() };
}

describe("a writer of checkpoints", () => {
  it("lets training continue, and reports a checkpoint only when it is stored", async () => {
    const { saveFile, release } = held();
    const { writer, told } = writing(saveFile);
    const state = stateOf(1);
    await writer.save(3, position, sourceOf(state));
    expect([writer.busy, writer.storedStep, told]).toEqual([true, 0, []]);
    // The training goes on to change its own numbers.
    state.b?.fill(7);
    release();
    await writer.settled();
    expect([writer.busy, writer.storedStep]).toEqual([false, 3]);
    expect(told).toMatchObject([{ type: "CHECKPOINT", checkpoint: { step: 3, epoch: 1, attempt: 1, monitored: 0.5 } }]);
    const [message] = told;
    if (message?.type !== "CHECKPOINT") throw new Error("no checkpoint was told of");
    const loaded = await loadCheckpoint(store, message.checkpoint, "run");
    expect(loaded).toEqual({ ...position, environment, state: stateOf(1) });
  });

  it("makes a second save wait for the first", async () => {
    const { saveFile, release } = held();
    const { writer, told } = writing(saveFile);
    await writer.save(4, position, sourceOf(stateOf(1)));
    let begun = false;
    const second = writer.save(5, position, sourceOf(stateOf(2))).then(() => {
      begun = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(begun).toBe(false);
    release();
    await second;
    release();
    await writer.settled();
    expect(told.map((message) => message.type === "CHECKPOINT" && message.checkpoint.step)).toEqual([4, 5]);
  });

  it("is free for the next save when none is in flight, and not while one is retried", async () => {
    const { saveFile, release } = held();
    let away = true;
    const { writer } = writing(async (file) => {
      const answer = await saveFile(file);
      const failed = { type: "FAILED", code: "STORAGE_UNAVAILABLE", message: "nobody is there" } as const;
      return away ? { ...answer, outcome: failed } : answer;
    }, 60_000);
    expect(await writer.free()).toBe(true);
    await writer.save(4, position, sourceOf(stateOf(1)));
    const free = writer.free();
    release();
    expect(await free).toBe(false);
    expect([writer.busy, await writer.free()]).toEqual([true, false]);
    away = false;
    const settled = writer.settled();
    // It is tried again after a second.
    const letGo = setInterval(release, 20);
    await settled;
    clearInterval(letGo);
    expect(await writer.free()).toBe(true);
  });

  it("writes the same bytes as a file made at once, also into memory that held a longer file", async () => {
    const files: Buffer[] = [];
    const buffers = new Set<ArrayBuffer>();
    const { writer } = writing(async (file) => {
      files.push(Buffer.from(file.buffer.slice(0, file.sizeBytes)));
      buffers.add(file.buffer);
      return saveHere(store)(file);
    });
    const long = { ...position, epochLosses: [1, Number.NaN, 3], epochOutputs: new Float32Array(500).fill(2) };
    await writer.save(6, long, sourceOf(stateOf(1)));
    await writer.save(7, position, sourceOf(stateOf(2)));
    await writer.settled();
    expect(buffers.size).toBe(1);
    const { epochLosses, epochOutputs, bestParameters, ...rest } = { ...position, environment };
    const vector = (name: string, data: Float32Array | Float64Array) => ({ name, shape: [data.length], data });
    const once = encodeSafetensors(
      [
        ...Object.entries(stateOf(2)).map(([name, data]) => vector(`state/${name}`, data)),
        vector("epoch/losses", Float64Array.from(epochLosses)),
        vector("epoch/outputs", epochOutputs),
      ],
      { format: "perennial-checkpoint/1", run: "run", position: JSON.stringify(rest) },
    );
    expect(files[1]?.equals(once)).toBe(true);
    expect(bestParameters).toBeNull();
  });

  it("names the tensor that is not finite, and stores nothing", async () => {
    const { writer, told } = writing(saveHere(store));
    await writer.save(8, position, sourceOf({ ...stateOf(1), slot: Float32Array.of(1, Number.POSITIVE_INFINITY) }));
    const diverged = { code: "DIVERGED", message: expect.stringMatching(/^slot became Infinity at step 8;/) };
    await expect(writer.settled()).rejects.toMatchObject(diverged);
    expect(() => writer.assertSound()).toThrow(expect.objectContaining(diverged));
    expect([writer.storedStep, told]).toEqual([0, []]);
  });

  it.each<ErrorCode>(["STORAGE_UNAVAILABLE", "STORAGE_FULL", "OBJECT_CORRUPT"])(
    "warns of a store that answers %s, and the next save may succeed",
    async (code) => {
      let refusals = 1;
      const put: FileStore["put"] = (key, bytes) =>
        refusals-- > 0 ? Promise.reject(new PlatformError(code, "not now")) : store.put(key, bytes);
      const { writer, told } = writing(saveHere({ put }));
      await writer.save(9, position, sourceOf(stateOf(1)));
      await writer.settled();
      expect(told).toEqual([{ type: "WARNING", message: "no checkpoint at step 9: not now" }]);
      await writer.save(10, position, sourceOf(stateOf(1)));
      await writer.settled();
      expect(told).toMatchObject([{ type: "WARNING" }, { type: "CHECKPOINT", checkpoint: { step: 10 } }]);
    },
  );

  it("retries with the same file while the store is unavailable", async () => {
    let refusals = 2;
    const put: FileStore["put"] = (key, bytes) =>
      refusals-- > 0 ? Promise.reject(new PlatformError("STORAGE_UNAVAILABLE", "away")) : store.put(key, bytes);
    const { writer, told } = writing(saveHere({ put }), 10_000);
    await writer.save(11, position, sourceOf(stateOf(4)));
    await writer.settled();
    expect(told).toMatchObject([{ type: "CHECKPOINT", checkpoint: { step: 11 } }]);
  });

  it("does not wait for an unavailable store once it is closed", async () => {
    const put: FileStore["put"] = () => Promise.reject(new PlatformError("STORAGE_UNAVAILABLE", "away"));
    const { writer, told } = writing(saveHere({ put }), 3_600_000);
    await writer.save(12, position, sourceOf(stateOf(4)));
    await writer.close();
    expect(told).toMatchObject([{ type: "WARNING" }]);
  });
});

describe("the thread that stores checkpoints", () => {
  const program = new URL("../../dist/programs/checkpoint-thread.js", import.meta.url);
  const fileOf = (step: number) => {
    const { bytes, file } = checkpointBytes("run", { ...position, state: stateOf(step) });
    return { runId: "run", attempt: 2, step, buffer: bytes.buffer, sizeBytes: file.sizeBytes, state: file.state };
  };

  it("stores a file and returns its memory", async () => {
    const before = process.env.PERENNIAL_DATA_DIR;
    process.env.PERENNIAL_DATA_DIR = folder;
    const { saveFile } = startCheckpointThread(program);
    const file = fileOf(1);
    const { sizeBytes } = file;
    const sha256 = createHash("sha256").update(new Uint8Array(file.buffer)).digest("hex");
    const { outcome, buffer } = await saveFile(file);
    if (before === undefined) delete process.env.PERENNIAL_DATA_DIR;
    else process.env.PERENNIAL_DATA_DIR = before;
    expect(outcome).toEqual({
      type: "STORED",
      object: { key: `runs/run/2/1-${sha256}.safetensors`, sha256, sizeBytes },
    });
    expect([file.buffer.byteLength, buffer.byteLength]).toEqual([0, sizeBytes]);
    expect((await store.get(`runs/run/2/1-${sha256}.safetensors`)).equals(Buffer.from(buffer))).toBe(true);
  });

  it("reserves memory, into which the next file is written", async () => {
    const { reserve } = startCheckpointThread(program);
    const buffer = await reserve(1_000_000);
    const { writer, told } = writing(
      async (file) => {
        expect(file.buffer).toBe(buffer);
        return saveHere(store)(file);
      },
      0,
      async () => buffer,
    );
    writer.reserve(900_000);
    await writer.save(13, position, sourceOf(stateOf(5)));
    await writer.settled();
    expect(told).toMatchObject([{ type: "CHECKPOINT" }]);
  });

  it("that ends fails the save in flight and every later one", async () => {
    const { saveFile } = startCheckpointThread(new URL("data:text/javascript,process.exit(7)"));
    await expect(saveFile(fileOf(1))).rejects.toThrow(/ended with 7/);
    await expect(saveFile(fileOf(2))).rejects.toThrow(/ended with 7/);
  });
});
