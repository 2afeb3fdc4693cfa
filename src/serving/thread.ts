import { parentPort } from "node:worker_threads";
import { decodeWeights } from "../engine/files/weights.js";
import { calibrated } from "../engine/networks/calibrated.js";
import { createPredictor, type Predictor } from "../engine/programs/predict.js";
import { PlatformError } from "../errors.js";
import { encodeInputs } from "../features/preprocessing.js";
import type { Table } from "../features/table.js";
import { type Answer, serveThread } from "../threads/serve-thread.js";
import { createServingExecutor } from "./executor.js";
import type { RowFault, ServedVersion, SliceAnswer, ToThread } from "./protocol.js";

/** The thread's side of `predictor.ts`: keeps loaded versions and computes predictions. */

interface Loaded {
  version: Omit<ServedVersion, "weights">;
  predictor: Predictor;
}

const executor = createServingExecutor();
const loaded = new Map<string, Promise<Loaded>>();

async function load({ weights, ...version }: ServedVersion): Promise<Loaded> {
  const parameters = decodeWeights(version.model, weights, `the weights of ${version.versionId}`);
  const answering = calibrated(version.model, parameters, version.preprocessing.decision?.temperature);
  return { version, predictor: createPredictor(version.model, answering, executor) };
}

async function predict(versionId: string, table: Table): Promise<SliceAnswer> {
  const entry = await loaded.get(versionId);
  if (!entry) return "NOT_LOADED";
  const { inputs, faults } = encode(entry.version, table);
  const outputs = await entry.predictor.predict(inputs, table.rowCount - faults.length);
  return { outputs: outputs as Float32Array<ArrayBuffer>, faults };
}

/** The inputs of every row that can be encoded, and the faults of the others. */
function encode(
  { model, preprocessing }: Loaded["version"],
  table: Table,
): { inputs: Float32Array; faults: RowFault[] } {
  try {
    return { inputs: encodeInputs(model, preprocessing, table), faults: [] };
  } catch (error) {
    if (!isBadInput(error)) throw error;
  }
  const rows: number[] = [];
  const faults: RowFault[] = [];
  for (let row = 0; row < table.rowCount; row++) {
    try {
      encodeInputs(model, preprocessing, table, [row]);
      rows.push(row);
    } catch (error) {
      if (!isBadInput(error)) throw error;
      // The message names the row by its index among the encoded rows, which is always 0 here.
      faults.push({ row, message: error.message.replace(/^rows\[0\]: /, "") });
    }
  }
  return { inputs: encodeInputs(model, preprocessing, table, rows), faults };
}

function isBadInput(error: unknown): error is PlatformError {
  return error instanceof PlatformError && error.code === "BAD_INPUT";
}

async function handle(message: ToThread): Promise<Answer<SliceAnswer | null>> {
  switch (message.type) {
    case "LOAD": {
      const loading = load(message.version);
      // A failure is reported to the next prediction of this version.
      loading.catch(() => {});
      loaded.set(message.version.versionId, loading);
      return { result: null };
    }
    case "UNLOAD": {
      const entry = loaded.get(message.versionId);
      loaded.delete(message.versionId);
      (await entry?.catch(() => undefined))?.predictor.dispose();
      return { result: null };
    }
    case "PREDICT": {
      const result = await predict(message.versionId, message.table);
      return { result, transfer: result === "NOT_LOADED" ? [] : [result.outputs.buffer] };
    }
  }
}

serveThread(parentPort, handle);
