import type { EntityManager } from "typeorm";
import { refuse } from "../db/transaction.js";
import { newId } from "../entities/identifier.js";
import type { Run } from "../entities/run.js";
import { Artifact, Evaluation, ModelVersion, type Signature } from "../entities/version.js";
import { PlatformError } from "../errors.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { SplitPart } from "../spec/dataset.js";
import type { ModelSpec } from "../spec/model.js";
import { parseVersionRef } from "../spec/names.js";
import { shown } from "../spec/wording.js";
import { recordModelEvent } from "./events.js";

/** What a successful run hands over to the registry. */
export interface VersionContent {
  /** `sha256:<hex>` over the weights. */
  digest: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  evaluation: { part: SplitPart; name: string; value: number }[];
  artifacts: { name: string; key: string; sizeBytes: number; digest: string }[];
}

/**
 * Registers the outcome of a run as its model's next version, within the caller's transaction. The counter lives in the
 * model's row: its lock makes numbers gapless under any concurrency, and a rollback gives the number back.
 */
export async function registerVersion(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "modelRevisionId">,
  content: VersionContent,
): Promise<ModelVersion> {
  const [rows] = await manager.query<[{ name: string; number: number }[], number]>(
    "UPDATE model SET version_head = version_head + 1 WHERE id = $1 RETURNING name, version_head AS number",
    [run.modelId],
  );
  const [model] = rows;
  if (!model) throw new PlatformError("NOT_FOUND", `run ${run.id} belongs to no model`);
  const id = newId("ModelVersion");
  await manager.insert(ModelVersion, {
    id,
    modelId: run.modelId,
    modelName: model.name,
    number: model.number,
    runId: run.id,
    modelRevisionId: run.modelRevisionId,
    digest: content.digest,
    signature: signatureOf(content.model),
    preprocessing: content.preprocessing,
  });
  if (content.evaluation.length > 0)
    await manager.insert(
      Evaluation,
      content.evaluation.map((evaluation) => ({ versionId: id, ...evaluation })),
    );
  await manager.insert(
    Artifact,
    content.artifacts.map(({ name, key, sizeBytes, digest }) => ({
      versionId: id,
      name,
      objectKey: key,
      sizeBytes,
      digest,
    })),
  );
  await recordModelEvent(manager, { modelId: run.modelId, kind: "VERSION_REGISTERED", versionId: id, runId: run.id });
  return manager.findOneByOrFail(ModelVersion, { id });
}

function signatureOf(model: ModelSpec): Signature {
  const { target } = model;
  return {
    inputs: model.inputs.map(({ feature, type, shape, categories }) => ({ name: feature, type, shape, categories })),
    output: { name: target.feature, type: target.type, shape: target.shape, categories: target.categories },
  };
}

/**
 * The id of a version by reference: `name` (the newest), `name/3` or `name@alias`. Null when nothing is there. One small
 * statement written by hand, since every prediction waits for it: an entity by query builder takes four times as long.
 *
 * @throws PlatformError BAD_INPUT when the text is no reference at all.
 */
async function findVersionId(manager: EntityManager, ref: string): Promise<string | null> {
  const parsed = parseVersionRef(ref);
  if ("problem" in parsed) throw new PlatformError("BAD_INPUT", `A reference to a version ${parsed.problem}`);
  const [found] = await (parsed.alias !== undefined
    ? manager.query<{ id: string }[]>(
        "SELECT version_id AS id FROM alias WHERE model_id = (SELECT id FROM model WHERE name = $1) AND name = $2",
        [parsed.model, parsed.alias],
      )
    : manager.query<{ id: string }[]>(
        `SELECT id FROM model_version WHERE model_id = (SELECT id FROM model WHERE name = $1)
         AND ($2::int IS NULL OR number = $2) ORDER BY number DESC LIMIT 1`,
        [parsed.model, parsed.version ?? null],
      ));
  return found?.id ?? null;
}

/** `findVersionId`, or NOT_FOUND. */
export async function requireVersionId(manager: EntityManager, ref: string): Promise<string> {
  const id = await findVersionId(manager, ref);
  if (id === null) throw new PlatformError("NOT_FOUND", `there is no version ${shown(ref)}`);
  return id;
}

/** The version of that reference; see `findVersionId`. */
export async function findVersion(manager: EntityManager, ref: string): Promise<ModelVersion | null> {
  const id = await findVersionId(manager, ref);
  return id === null ? null : manager.findOneBy(ModelVersion, { id });
}

/** The version that a mutation's input refers to at `path`; refuses what cannot be read and what is not there. */
export async function referencedVersion(manager: EntityManager, path: string, ref: string): Promise<ModelVersion> {
  const parsed = parseVersionRef(ref);
  if ("problem" in parsed) refuse(path, "BAD_NAME", parsed.problem);
  const version = await findVersion(manager, ref);
  if (!version) refuse(path, "UNKNOWN_REFERENCE", `there is no version ${shown(ref)}.`);
  return version;
}
