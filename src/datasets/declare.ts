import { setImmediate as nextTurn } from "node:timers/promises";
import type { DataSource } from "typeorm";
import { lockName, type Outcome, refuse, transactOnce } from "../db/transaction.js";
import { Dataset, DatasetVersion } from "../entities/dataset.js";
import { newId } from "../entities/identifier.js";
import type { DatasetDeclaration } from "../language/datasets/dataset.js";
import { resolveDataset } from "../language/datasets/resolve-dataset.js";
import { digest } from "../language/fields/canonical.js";
import { recordDatasetEvent } from "./events.js";

/**
 * Declares a dataset. The same declaration again changes nothing. Once it has rows, its features and split are fixed,
 * since every version, split and trained model depends on them; only descriptions may still change.
 */
export async function declareDataset(
  db: DataSource,
  declaration: DatasetDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<{ changed: boolean; datasetId: string }>> {
  const { spec, problems } = resolveDataset(declaration);
  if (problems) return { problems };
  const { name, description, features, split } = spec;
  // Each of these steps takes a while for the largest declarations: others get a turn in between.
  await nextTurn();
  const specDigest = digest(spec);
  await nextTurn();

  return transactOnce(
    db,
    { operation: "declareDataset", key: declaration.idempotencyKey, request: spec },
    async (manager) => {
      await lockName(manager, "dataset", name);
      const existing = await manager.findOneBy(Dataset, { name });
      if (existing?.digest === specDigest) return { changed: false, datasetId: existing.id };
      const datasetId = existing?.id ?? newId("Dataset");
      if (existing) {
        const shape = (dataset: Pick<Dataset, "features" | "split">) =>
          digest({
            features: dataset.features.map((feature) => ({ ...feature, description: "" })),
            split: dataset.split,
          });
        const moved = shape(existing) !== shape(spec);
        if (moved && (await manager.existsBy(DatasetVersion, { datasetId })))
          refuse(
            digest(existing.split) === digest(split) ? "features" : "split",
            "DATASET_HAS_ROWS",
            `dataset ${name} has rows, so its features and split are fixed; declare another dataset for another shape`,
          );
        await manager.update(Dataset, datasetId, { description, features, split, digest: specDigest });
      } else {
        await manager.insert(Dataset, { id: datasetId, name, description, features, split, digest: specDigest });
      }
      await recordDatasetEvent(manager, { datasetId, kind: "DECLARED" });
      return { changed: true, datasetId };
    },
  );
}
