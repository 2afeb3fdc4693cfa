import type { DataSource, EntityManager } from "typeorm";
import { newestRevision } from "../db/revisions.js";
import { asActor, sessionOf } from "../db/session.js";
import { policy } from "../entities/actor.js";
import { DatasetVersion } from "../entities/dataset.js";
import { ModelRevision } from "../entities/model.js";
import { Optimizer, OptimizerRevision } from "../entities/optimizer.js";
import { Run } from "../entities/run.js";
import { ModelVersion } from "../entities/version.js";
import { failpoint } from "../failpoint.js";
import type { RetrainingSpec } from "../language/retraining/retraining.js";
import type { Trigger } from "../language/retraining/triggers.js";
import { currentSemantics, type TrainingSpec, trainingDefaults } from "../language/training/training.js";
import { recordRetrainingStart } from "../runs/purposes/retrain.js";
import { queueRun } from "../runs/queue-run.js";
import { shareWeights } from "../runs/submit.js";

interface TriggerRule {
  /** When it holds: a condition in SQL over the tables of `findDue`. */
  holds: string;
  /** Why the run starts, for the model's history. */
  reason(due: DueRetraining, champion: ModelVersion): string;
}

/**
 * How many rows were added since the champion was trained, and how many of them have no target yet: these count once they
 * have one. Versions that add such rows tell their number in the profiles of their segments.
 */
const addedRows = "newest.row_count - trained_on.row_count";
const rowsWithoutTarget = `(
  SELECT coalesce(sum((facts -> 'missing' ->> (trained_model.spec -> 'target' ->> 'feature'))::int), 0)::int
  FROM model_revision trained_model, dataset_version added
  JOIN dataset_segment ON dataset_segment.dataset_version_id = added.id
  JOIN segment_profile ON segment_profile.key = dataset_segment.key
  WHERE trained_model.id = champion.model_revision_id
    AND added.dataset_id = trained_on.dataset_id AND added.number > trained_on.number)`;
const leastRows = "(revision.spec -> 'when' ->> 'count')::int";

/** One rule per trigger. */
const rules: Record<Trigger["type"], TriggerRule> = {
  newRows: {
    // Most often there are too few rows in any case, and the profiles need not be read.
    holds: `${addedRows} >= ${leastRows} AND ${addedRows} - ${rowsWithoutTarget} >= ${leastRows}`,
    reason: ({ new_rows }, champion) => `${new_rows} new rows since ${champion.ref} was trained`,
  },
};

const holds = Object.entries(rules).map(([type, rule]) => `WHEN '${type}' THEN ${rule.holds}`);

interface DueRetraining {
  retraining_id: string;
  name: string;
  spec: RetrainingSpec;
  champion_id: string;
  dataset_version_id: string;
  new_rows: number;
}

/**
 * The policies whose trigger holds now. The query looks at the state and not at events, so appends, alias moves, new policies
 * and times without a server need no code of their own. A policy waits while one of its runs has not ended, and starts at
 * most one run per dataset version.
 */
function findDue(manager: EntityManager, retrainingId: string | null): Promise<DueRetraining[]> {
  return manager.query<DueRetraining[]>(
    `SELECT retraining.id AS retraining_id, retraining.name, revision.spec, champion.id AS champion_id,
            newest.id AS dataset_version_id, ${addedRows} - ${rowsWithoutTarget} AS new_rows
     FROM retraining
     JOIN LATERAL (SELECT spec FROM retraining_revision WHERE retraining_id = retraining.id ORDER BY number DESC LIMIT 1) revision ON true
     JOIN alias ON alias.model_id = retraining.model_id AND alias.name = revision.spec -> 'fineTune' ->> 'from'
     JOIN model_version champion ON champion.id = alias.version_id
     JOIN run trained ON trained.id = champion.run_id
     JOIN dataset_version trained_on ON trained_on.id = trained.dataset_version_id
     JOIN LATERAL (SELECT id, row_count FROM dataset_version
                   WHERE dataset_id = trained_on.dataset_id ORDER BY number DESC LIMIT 1) newest ON true
     WHERE retraining.enabled
       AND ($1::text IS NULL OR retraining.id = $1)
       AND CASE revision.spec -> 'when' ->> 'type' ${holds.join(" ")} END
       AND NOT EXISTS (
         SELECT FROM run WHERE run.retraining_id = retraining.id
           AND (run.dataset_version_id = newest.id OR run.state IN ('QUEUED', 'RUNNING', 'CANCELING', 'PAUSED')))
     ORDER BY retraining.id`,
    [retrainingId],
  );
}

/** Queues every run that is due. Any number of servers may call it at once. Returns the ids of the runs it queued. */
export async function startDueRetrainings(db: DataSource): Promise<string[]> {
  const started: string[] = [];
  for (const { retraining_id } of await findDue(db.manager, null)) {
    const runId = await db.transaction(async (manager) => {
      // The row lock lets one server start the run; the others then find nothing due.
      await manager.query("SELECT FROM retraining WHERE id = $1 FOR UPDATE", [retraining_id]);
      const [due] = await findDue(manager, retraining_id);
      return due && asActor(manager, policy(due.retraining_id), () => startRetraining(manager, due));
    });
    if (runId) started.push(runId);
  }
  return started;
}

async function startRetraining(manager: EntityManager, due: DueRetraining): Promise<string> {
  failpoint("retraining.start");
  const { fineTune, promote, optimizer: optimizerName } = due.spec;
  const champion = await manager.findOneByOrFail(ModelVersion, { id: due.champion_id });
  const parent = await manager.findOneByOrFail(Run, { id: champion.runId });
  const optimizer = await manager.findOneByOrFail(Optimizer, sessionOf(manager).scope.where<Optimizer>(optimizerName));
  const optimizerRevision = await newestRevision(manager, OptimizerRevision, { optimizerId: optimizer.id });
  const datasetVersion = await manager.findOneByOrFail(DatasetVersion, { id: due.dataset_version_id });
  const spec: TrainingSpec = {
    epochs: fineTune.epochs,
    batchSize: Math.min(fineTune.batchSize ?? parent.spec.batchSize, Math.max(datasetVersion.splitCounts.train, 1)),
    seed: fineTune.seed,
    shuffle: true,
    earlyStopping: null,
    checkpoint: { type: "AUTO" },
    keep: trainingDefaults.keep,
    maximumRestarts: trainingDefaults.maximumRestarts,
    stepTimeoutSeconds: trainingDefaults.stepTimeoutSeconds,
    device: parent.spec.device,
    threads: parent.spec.threads,
    replay: fineTune.replay,
    semantics: currentSemantics,
    // A model keeps the categories that its weights know.
    ...(parent.spec.categories && { categories: parent.spec.categories }),
  };
  const runId = await queueRun(manager, {
    modelRevision: await revisionFor(manager, champion),
    optimizerRevision: optimizerRevision as OptimizerRevision,
    datasetVersion,
    spec,
    parentVersionId: champion.id,
    retrainingId: due.retraining_id,
    gate: promote,
    project: parent.project,
    priority: parent.priority,
  });
  await recordRetrainingStart(manager, {
    ...{ modelId: champion.modelId, versionId: champion.id, runId, alias: fineTune.from },
    reason: `${due.name}: ${rules[due.spec.when.type].reason(due, champion)}`,
  });
  return runId;
}

/**
 * The champion's own revision, or the newest one where the two differ in `invalidRows` alone: the champion's weights fit no
 * other. So a policy whose runs FAIL because of rows that the model cannot use works again once the model skips them.
 */
async function revisionFor(manager: EntityManager, champion: ModelVersion): Promise<ModelRevision> {
  const own = await manager.findOneByOrFail(ModelRevision, { id: champion.modelRevisionId });
  const newest = await newestRevision(manager, ModelRevision, { modelId: champion.modelId });
  return newest && shareWeights(newest.spec, own.spec) ? newest : own;
}
