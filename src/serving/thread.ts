import { parentPort } from "node:worker_threads";
import { createPredictor, type Predictor } from "../engine/predict.js";
import { decodeWeights } from "../engine/weights.js";
import { PlatformError } from "../errors.js";
import { type Prediction, toPredictions } from "../features/predictions.js";
import { encodeInputs } from "../features/preprocessing.js";
import { tableFromRows } from "../features/table.js";
import { createServingExecutor } from "./executor.js";
import type { FromThread, ServedVersion, ToThread } from "./protocol.js";
import { answerTo } from "./thread-calls.js";

/** The thread's side of `predictor.ts`: it keeps loaded versions and does the arithmetic off the server's loop. */

interface Loaded {
  version: Omit<ServedVersion, "weights">;
  predictor: Predictor;
}

const executor = createServingExecutor();
const loaded = new Map<string, Promise<Loaded>>();

async function load({ weights, ...version }: ServedVersion): Promise<Loaded> {
  const parameters = decodeWeights(version.model, weights, `the weights of ${version.versionId}`);
  return { version, predictor: createPredictor(version.model, parameters, executor) };
}

async function predict(versionId: string, rows: Record<string, unknown>[]): Promise<Prediction[]> {
  const entry = await loaded.get(versionId);
  if (!entry) throw new PlatformError("NOT_FOUND", `version ${versionId} is not loaded`);
  const { model, preprocessing } = entry.version;
  const features = model.inputs.map(({ feature, ...input }) => ({ ...input, name: feature, description: "" }));
  const inputs = encodeInputs(model, preprocessing, tableFromRows(features, rows));
  return toPredictions(model, preprocessing, await entry.predictor.predict(inputs, rows.length), rows.length);
}

function answer(message: FromThread): void {
  parentPort?.postMessage(message);
}

parentPort?.on("message", async (message: ToThread) => {
  switch (message.type) {
    case "LOAD": {
      const former = loaded.get(message.version.versionId);
      void former?.then(({ predictor }) => predictor.dispose()).catch(() => {});
      const loading = load(message.version);
      // A failure reaches whoever asks for a prediction.
      loading.catch(() => {});
      loaded.set(message.version.versionId, loading);
      return;
    }
    case "UNLOAD": {
      const entry = loaded.get(message.versionId);
      loaded.delete(message.versionId);
      (await entry?.catch(() => undefined))?.predictor.dispose();
      return;
    }
    case "PREDICT":
      answer(await answerTo(message.id, () => predict(message.versionId, message.rows)));
  }
});
