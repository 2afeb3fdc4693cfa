import type { EntityManager } from "typeorm";
import { prepared, queryPrepared } from "../db/prepared.js";
import type { Scope } from "../db/scope.js";
import { type Access, sessionOf } from "../db/session.js";
import { refuse } from "../db/transaction.js";
import { newId } from "../entities/identifier.js";
import type { Run } from "../entities/run.js";
import { Artifact, Evaluation, EvaluationBreakdown, ModelVersion, type Signature } from "../entities/version.js";
import { PlatformError } from "../errors.js";
import { failpoint } from "../failpoint.js";
import type { FittedPreprocessing } from "../features/preprocessing.js";
import type { SplitPart } from "../language/datasets/dataset.js";
import { parseVersionRef } from "../language/fields/names.js";
import { shown } from "../language/fields/wording.js";
import type { Breakdown } from "../language/metrics/breakdown.js";
import type { ModelSpec } from "../language/models/model.js";
import type { CategoryCount } from "../language/models/open-model.js";
import { recordModelEvent } from "./events.js";

/** What a successful run hands over to the registry. */
export interface VersionContent {
  /** `sha256:<hex>` over the weights. */
  digest: string;
  model: ModelSpec;
  preprocessing: FittedPreprocessing;
  evaluation: { part: SplitPart; name: string; value: number; undefinedReason?: string }[];
  breakdowns?: { part: SplitPart; breakdown: Breakdown }[];
  artifacts: { name: string; key: string; sizeBytes: number; digest: string }[];
}

/**
 * Registers the outcome of a run as its model's next version, within the caller's transaction. The counter lives in the
 * model's row: its lock makes numbers gapless under any concurrency, and a rollback gives the number back.
 */
export async function registerVersion(
  manager: EntityManager,
  run: Pick<Run, "id" | "modelId" | "modelRevisionId"> & { spec?: Pick<Run["spec"], "categories"> },
  content: VersionContent,
): Promise<ModelVersion> {
  failpoint("version.register");
  const [rows] = await manager.query<[{ name: string; number: number; datasetId: string }[], number]>(
    `UPDATE model SET version_head = version_head + 1 WHERE id = $1
     RETURNING name, version_head AS number, dataset_id AS "datasetId"`,
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
    signature: signatureOf(content.model, model.datasetId, run.spec?.categories ?? []),
    preprocessing: content.preprocessing,
  });
  if (content.evaluation.length > 0)
    await manager.insert(
      Evaluation,
      content.evaluation.map((evaluation) => ({ versionId: id, ...evaluation })),
    );
  const { breakdowns = [] } = content;
  if (breakdowns.length > 0)
    await manager.insert(
      EvaluationBreakdown,
      breakdowns.map((measured) => ({ versionId: id, ...measured })),
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

/** Lists that the dataset keeps are not stored again: `categories` says how much of them the version knows. */
function signatureOf({ inputs, target }: ModelSpec, datasetId: string, frozen: readonly CategoryCount[]): Signature {
  const counts = new Map(frozen.map(({ feature, count }) => [feature, count]));
  const fieldOf = ({ feature, type, shape, categories }: ModelSpec["inputs"][number] | ModelSpec["target"]) => {
    const count = counts.get(feature);
    const known = count === undefined ? { categories } : { categories: [], categoryList: { datasetId, count } };
    return { name: feature, type, shape, ...known };
  };
  return { inputs: inputs.map(fieldOf), output: fieldOf(target) };
}

/** Small statements written by hand, since every prediction waits for one of them. */
const byAlias = (scope: Scope) =>
  `SELECT version_id AS id FROM alias WHERE model_id = ${scope.idOf("model", "$1")} AND name = $2`;
const byNumber = (scope: Scope) =>
  `SELECT id FROM model_version WHERE model_id = ${scope.idOf("model", "$1")}
   AND ($2::int IS NULL OR number = $2) ORDER BY number DESC LIMIT 1`;

/** What to ask Postgres for the id of a version. @throws PlatformError BAD_INPUT when the text is no reference at all. */
function lookUp(scope: Scope, ref: string): { statement: string; values: unknown[] } {
  const parsed = parseVersionRef(ref);
  if ("problem" in parsed) throw new PlatformError("BAD_INPUT", `A reference to a version ${parsed.problem}`);
  return parsed.alias !== undefined
    ? { statement: byAlias(scope), values: [parsed.model, parsed.alias] }
    : { statement: byNumber(scope), values: [parsed.model, parsed.version ?? null] };
}

/**
 * The id of a version by reference: `name` (the newest), `name/3` or `name@alias`.
 *
 * @throws PlatformError NOT_FOUND when nothing is there, BAD_INPUT when the text is no reference at all.
 */
export async function requireVersionId(access: Access, ref: string): Promise<string> {
  const { db, scope } = sessionOf(access);
  const { statement, values } = lookUp(scope, ref);
  const [found] = await queryPrepared<{ id: string }>(db, prepared(statement), values);
  if (!found) throw new PlatformError("NOT_FOUND", `there is no version ${shown(ref)}`);
  return found.id;
}

/** The version of a reference, or null. @throws PlatformError BAD_INPUT when the text is no reference at all. */
export async function findVersion(manager: EntityManager, ref: string): Promise<ModelVersion | null> {
  const { statement, values } = lookUp(sessionOf(manager).scope, ref);
  const [found] = await manager.query<{ id: string }[]>(statement, values);
  return found ? manager.findOneBy(ModelVersion, { id: found.id }) : null;
}

/** The version that a mutation's input refers to at `path`; refuses what cannot be read and what is not there. */
export async function referencedVersion(manager: EntityManager, path: string, ref: string): Promise<ModelVersion> {
  const parsed = parseVersionRef(ref);
  if ("problem" in parsed) refuse(path, "BAD_NAME", parsed.problem);
  const version = await findVersion(manager, ref);
  if (!version) refuse(path, "UNKNOWN_REFERENCE", `there is no version ${shown(ref)}.`);
  return version;
}
