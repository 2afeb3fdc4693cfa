import { LRUCache } from "lru-cache";
import type { DataSource } from "typeorm";
import { ModelRevision } from "../entities/model.js";
import { Artifact, ModelVersion } from "../entities/version.js";
import { PlatformError } from "../errors.js";
import { decodeImageFiles } from "../features/image-files.js";
import type { Prediction } from "../features/predictions.js";
import { requireVersionId } from "../registry/versions.js";
import type { ModelSpec } from "../spec/model.js";
import { validateRows } from "../spec/rows.js";
import type { ObjectStore } from "../storage/object-store.js";
import type { ToThread } from "./protocol.js";
import { createThreadCalls } from "./thread-calls.js";

export interface Predictor {
  /**
   * One prediction per raw row, in order. Rows need every input of the model; the target may be there and is not looked at.
   *
   * @throws PlatformError INVALID_ROWS with every fault in `details.problems`; nothing was predicted then.
   */
  predict(versionId: string, rows: unknown[]): Promise<Prediction[]>;

  /**
   * `predict` by the version that `reference` means at this moment: `name`, `name/3` or `name@alias`.
   *
   * @throws PlatformError NOT_FOUND or BAD_INPUT about the reference, else as `predict`.
   */
  predictBy(reference: string, rows: unknown[]): Promise<{ versionId: string; predictions: Prediction[] }>;
  close(): Promise<void>;
}

/** Versions kept loaded. */
const keptVersions = 16;
export const servingLimits = { keptVersions } as const;
/** References of which it is remembered what they meant. */
const rememberedReferences = 1_000;

/**
 * Serves versions from one thread, which is started at the first prediction. A version is read from the store once,
 * verified, and stays loaded while it is among the last used ones.
 */
export function createPredictor(options: { db: DataSource; store: ObjectStore; threadUrl?: URL }): Predictor {
  const { db, store, threadUrl = new URL("./thread.js", import.meta.url) } = options;
  // What a thread that died had loaded is gone with it.
  const thread = createThreadCalls<ToThread, Prediction[]>(threadUrl, () => versions.clear());

  const versions = new LRUCache<string, Promise<ModelSpec>>({
    max: keptVersions,
    // Not before it has been loaded, and not when it has been asked for again meanwhile.
    dispose: (loading, versionId) =>
      void loading
        .then(() => {
          if (!versions.has(versionId)) thread.postIfRunning({ type: "UNLOAD", versionId });
        })
        .catch(() => {}),
  });

  async function load(versionId: string): Promise<ModelSpec> {
    const version = await db.manager.findOneByOrFail(ModelVersion, { id: versionId });
    const { spec } = await db.manager.findOneByOrFail(ModelRevision, { id: version.modelRevisionId });
    const artifact = await db.manager.findOneByOrFail(Artifact, { versionId, name: "weights.safetensors" });
    const weights = await store.get(artifact.objectKey, artifact.digest.replace(/^sha256:/, ""));
    const { preprocessing } = version;
    thread.post({ type: "LOAD", version: { versionId, model: spec, preprocessing, weights } });
    return spec;
  }

  function loadedVersion(versionId: string): Promise<ModelSpec> {
    const known = versions.get(versionId);
    if (known) return known;
    const loading = load(versionId);
    versions.set(versionId, loading);
    // A failed load is forgotten, so that the next request tries again.
    loading.catch(() => versions.peek(versionId) === loading && versions.delete(versionId));
    return loading;
  }

  // What references meant when they were last asked for.
  const meanings = new LRUCache<string, string>({ max: rememberedReferences });

  async function predictBy(reference: string, rows: unknown[]) {
    // An alias may have moved, so Postgres is always asked; what it will most likely say is computed meanwhile.
    const guess = meanings.get(reference);
    const guessed = guess === undefined ? undefined : predict(guess, rows);
    guessed?.catch(() => {});
    const versionId = await requireVersionId(db, reference);
    meanings.set(reference, versionId);
    return { versionId, predictions: await (guessed && versionId === guess ? guessed : predict(versionId, rows)) };
  }

  async function predict(versionId: string, rows: unknown[]): Promise<Prediction[]> {
    const model = await loadedVersion(versionId);
    const features = model.inputs.map(({ feature, ...input }) => ({ ...input, name: feature, description: "" }));
    const target = { ...model.target, name: model.target.feature, description: "" };
    const require = features.map((feature) => feature.name);
    // The target is tolerated, whatever it holds: people predict rows that they already have.
    const given = rows.map((row) => without(row, target.name));
    const { rows: inputs, faultOf } = await decodeImageFiles(features, given);
    const problems = validateRows(features, inputs, { require, faultOf });
    if (problems.length > 0) {
      const [first] = problems;
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
      throw new PlatformError("INVALID_ROWS", `${first?.path}: ${first?.message}${more}`, { problems });
    }
    const asked = inputs as Record<string, unknown>[];
    return thread.call((id) => ({ type: "PREDICT", id, versionId, rows: asked }));
  }

  return { predict, predictBy, close: () => thread.close() };
}

function without(row: unknown, field: string): unknown {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== field));
}
