import type { DataSource } from "typeorm";
import { newestRevision } from "../../src/db/revisions.js";
import { newId } from "../../src/entities/identifier.js";
import { Model, ModelRevision } from "../../src/entities/model.js";
import { Run } from "../../src/entities/run.js";
import type { ModelVersion } from "../../src/entities/version.js";
import type { ModelSpec } from "../../src/language/models/model.js";
import type { RevisionSpec } from "../../src/language/models/open-model.js";
import { registerVersion, type VersionContent } from "../../src/registry/versions.js";

/** What a trainer would hand over, but for weights that anybody could use. */
export function versionContent(spec: RevisionSpec): VersionContent {
  const model = spec as ModelSpec;
  return {
    digest: `sha256:${"0".repeat(64)}`,
    model,
    preprocessing: { format: 1, inputs: [], target: { feature: model.target.feature, method: "NONE" } },
    evaluation: [{ part: "test", name: "accuracy", value: 0.9 }],
    artifacts: [
      { name: "weights.safetensors", key: "versions/none", sizeBytes: 1, digest: `sha256:${"1".repeat(64)}` },
    ],
  };
}

/** Registers versions of a model, all at once, each as the outcome of a run of its own that nobody ran. */
export async function registerVersions(db: DataSource, name: string, count: number): Promise<ModelVersion[]> {
  const model = await db.manager.findOneByOrFail(Model, { name });
  const revision = (await newestRevision(db.manager, ModelRevision, { modelId: model.id })) as ModelRevision;
  const origins = await db.query<{ optimizer: string; rows: string }[]>(
    "SELECT (SELECT id FROM optimizer_revision LIMIT 1) AS optimizer, (SELECT id FROM dataset_version LIMIT 1) AS rows",
  );
  const register = () =>
    db.transaction(async (manager) => {
      const run = { id: newId("Run"), modelId: model.id, modelRevisionId: revision.id };
      await manager.insert(Run, {
        ...run,
        state: "SUCCEEDED",
        optimizerRevisionId: origins[0]?.optimizer,
        datasetVersionId: origins[0]?.rows,
        spec: { epochs: 1, batchSize: 1, seed: 0, shuffle: true, earlyStopping: null, threads: 1, replay: null },
        progress: { epoch: 1, epochs: 1, step: 1, steps: 1 },
      } as never);
      return registerVersion(manager, run, versionContent(revision.spec));
    });
  return Promise.all(Array.from({ length: count }, register));
}
