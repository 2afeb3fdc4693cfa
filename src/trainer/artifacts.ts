import { createHash } from "node:crypto";
import { tensorsDigest } from "../engine/files/safetensors.js";
import { decodeWeights, encodeWeights, weightTensors } from "../engine/files/weights.js";
import type { State } from "../engine/graphs/executor.js";
import { exportVersion } from "../engine/onnx/export/export.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { ModelSpec } from "../language/models/model.js";
import { artifactKey } from "../storage/keys.js";
import type { Assignment, TrainedVersion, TrainingOutcome } from "./protocol.js";
import type { Store } from "./store.js";

/**
 * Stores and verifies the files of a version: `weights.safetensors`, and `model.onnx`, which predicts from raw rows without
 * this platform (see `exportVersion`). If the model cannot be exported, the version has no `model.onnx`.
 *
 * @param warn called with the reason when there is no `model.onnx`.
 */
export async function storeArtifacts(
  { runId, attempt, model }: Pick<Assignment, "runId" | "attempt" | "model">,
  store: Store,
  trained: { parameters: State; preprocessing: FittedPreprocessing },
  warn: (message: string) => void,
): Promise<Pick<TrainingOutcome, "digest" | "artifacts">> {
  const { parameters, preprocessing } = trained;
  const put = async (name: string, bytes: Uint8Array): Promise<TrainingOutcome["artifacts"][number]> => {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const { key, sizeBytes } = await store.put(artifactKey(runId, attempt, name, sha256), bytes);
    return { name, key, sizeBytes, digest: `sha256:${sha256}` };
  };

  const tensors = weightTensors(model, parameters);
  const artifacts = [await put("weights.safetensors", encodeWeights(tensors))];
  const exported = exportOrWarn({ model, parameters, preprocessing }, warn);
  if (exported) artifacts.push(await put("model.onnx", exported));
  return { digest: tensorsDigest(tensors), artifacts };
}

/** The digest of a version with these weights. */
export function weightsDigest(model: ModelSpec, parameters: State): string {
  return tensorsDigest(weightTensors(model, parameters));
}

/** Reads the parameters of a version. @throws PlatformError OBJECT_NOT_FOUND or OBJECT_CORRUPT */
export async function loadWeights(store: Store, { model, weights }: TrainedVersion): Promise<State> {
  return decodeWeights(model, await store.get(weights.key, weights.sha256), weights.key);
}

function exportOrWarn(
  version: Parameters<typeof exportVersion>[0],
  warn: (message: string) => void,
): Uint8Array | undefined {
  try {
    return exportVersion(version);
  } catch (error) {
    warn(`the version has no model.onnx: ${(error as Error).message}`);
    return undefined;
  }
}
