import type { DataSource, EntityManager } from "typeorm";
import { lockName, type Outcome, refuse, transactOnce } from "../db/transaction.js";
import { newId } from "../entities/identifier.js";
import { readDataset, type StoredDataset } from "../intake/dataset.js";
import type { Intake } from "../intake/intake.js";
import { digest } from "../spec/canonical.js";
import type { DatasetDeclaration, Split } from "../spec/dataset.js";
import { recordDatasetEvent } from "./events.js";

/**
 * Declares a dataset. The same declaration again changes nothing. Once it has rows, its features and split are fixed,
 * since every version, split and trained model depends on them; only descriptions may still change.
 *
 * Features stay text from the declaration to Postgres: a million categories would keep the loop busy at every step.
 *
 * @param intake reads declarations that came in a large body; by default this thread reads them.
 */
export async function declareDataset(
  db: DataSource,
  { idempotencyKey, ...declaration }: DatasetDeclaration & { idempotencyKey?: string | null },
  intake: Pick<Intake, "readDataset"> = { readDataset: async (given) => readDataset(given) },
): Promise<Outcome<{ changed: boolean; datasetId: string }>> {
  const { dataset, problems } = await intake.readDataset(declaration);
  if (!dataset) return { problems };
  const { name, description, features, split } = dataset;
  const columns = [name, description, features, JSON.stringify(split), dataset.digest];

  return transactOnce(
    db,
    { operation: "declareDataset", key: idempotencyKey, request: dataset, digest: dataset.digest },
    async (manager) => {
      await lockName(manager, "dataset", name);
      const [existing] = await manager.query<{ id: string; digest: string }[]>(
        "SELECT id, digest FROM dataset WHERE name = $1",
        [name],
      );
      if (existing?.digest === dataset.digest) return { changed: false, datasetId: existing.id };
      const datasetId = existing?.id ?? newId("Dataset");
      if (existing) {
        await requireSameShape(manager, existing.id, dataset);
        await manager.query(
          "UPDATE dataset SET description = $2, features = $3, split = $4, digest = $5 WHERE name = $1",
          columns,
        );
      } else {
        await manager.query(
          "INSERT INTO dataset (name, description, features, split, digest, id) VALUES ($1, $2, $3, $4, $5, $6)",
          [...columns, datasetId],
        );
      }
      await recordDatasetEvent(manager, { datasetId, kind: "DECLARED" });
      return { changed: true, datasetId };
    },
  );
}

/** Refuses other features or another split for a dataset that has rows. Postgres compares, descriptions left out. */
async function requireSameShape(manager: EntityManager, datasetId: string, declared: StoredDataset): Promise<void> {
  const [dataset] = await manager.query<{ split: Split; is_same: boolean }[]>(
    `SELECT split, ${withoutDescriptions("features")} = ${withoutDescriptions("$2::jsonb")} AS is_same
     FROM dataset WHERE id = $1 AND EXISTS (SELECT FROM dataset_version WHERE dataset_id = $1)`,
    [datasetId, declared.features],
  );
  if (!dataset) return;
  const isSameSplit = digest(dataset.split) === digest(declared.split);
  if (dataset.is_same && isSameSplit) return;
  refuse(
    isSameSplit ? "features" : "split",
    "DATASET_HAS_ROWS",
    `dataset ${declared.name} has rows, so its features and split are fixed; declare another dataset for another shape`,
  );
}

const withoutDescriptions = (features: string) =>
  `(SELECT jsonb_agg(feature - 'description' ORDER BY place) FROM jsonb_array_elements(${features}) WITH ORDINALITY AS list (feature, place))`;
