import type { EntityManager } from "typeorm";
import { declareNamed } from "../db/declare-named.js";
import type { Access } from "../db/session.js";
import { type Outcome, refuse } from "../db/transaction.js";
import { readDataset, type SentDataset, type StoredDataset } from "../intake/dataset.js";
import type { Intake } from "../intake/intake.js";
import type { Split } from "../language/datasets/dataset.js";
import { digest } from "../language/fields/canonical.js";
import { recordDatasetEvent } from "./events.js";

/**
 * Declares a dataset. The same declaration again changes nothing. Once it has rows, its features and split are fixed,
 * since every version, split and trained model depends on them. Descriptions may still change, features may become
 * nullable, and nullable ones may be added: the rows that are there have no values of them.
 *
 * Features stay text on their way to Postgres: parsing a million categories would block the event loop at every step.
 *
 * @param intake reads declarations whose categories are kept in its thread; by default the calling thread reads them.
 */
export async function declareDataset(
  access: Access,
  declaration: SentDataset,
  intake: Pick<Intake, "readDataset"> = { readDataset: async (given) => readDataset(given) },
): Promise<Outcome<{ changed: boolean; datasetId: string }>> {
  const { dataset, problems } = await intake.readDataset(declaration);
  if (!dataset) return { problems };
  const { name, features, requestDigest, ...fields } = dataset;
  const { idempotencyKey } = declaration;

  return declareNamed(access, "Dataset", {
    ...{ name, idempotencyKey, request: dataset, requestDigest, resolve: () => ({ fields, json: { features } }) },
    assertAllowed: (manager, datasetId) => requireSameShape(manager, datasetId, dataset),
    onChange: (manager, datasetId) => recordDatasetEvent(manager, { datasetId, kind: "DECLARED" }),
  });
}

/** Refuses what rows do not allow; see `declareDataset`. Postgres compares the features. */
async function requireSameShape(manager: EntityManager, datasetId: string, declared: StoredDataset): Promise<void> {
  // Feature by feature: `jsonb_agg` over lists of this length takes a minute.
  const [dataset] = await manager.query<{ split: Split; fits: boolean }[]>(
    `WITH stored AS (
       SELECT feature, place FROM dataset, jsonb_array_elements(features) WITH ORDINALITY AS each (feature, place)
       WHERE dataset.id = $1
     ), declared AS (
       SELECT feature, place, feature ->> 'name' IN (SELECT feature ->> 'name' FROM stored) AS is_known
       FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS each (feature, place)
     ), kept AS (
       SELECT feature, row_number() OVER (ORDER BY place) AS place FROM declared WHERE is_known
     )
     SELECT split,
       NOT EXISTS (SELECT FROM declared WHERE NOT is_known AND feature -> 'nullable' IS DISTINCT FROM 'true')
       AND NOT EXISTS (
         SELECT FROM stored FULL JOIN kept USING (place)
         WHERE stored.feature - '{description,nullable}'::text[]
                 IS DISTINCT FROM kept.feature - '{description,nullable}'::text[]
            OR (stored.feature -> 'nullable' = 'true' AND kept.feature -> 'nullable' IS DISTINCT FROM 'true')
       ) AS fits
     FROM dataset WHERE id = $1 AND (
       EXISTS (SELECT FROM dataset_version WHERE dataset_id = $1)
       OR EXISTS (SELECT FROM dataset_append
                  WHERE dataset_id = $1 AND state = 'OPEN' AND part_count > 0 AND expires_at > clock_timestamp()))`,
    [datasetId, declared.features],
  );
  if (!dataset) return;
  const isSameSplit = digest(dataset.split) === digest(declared.split);
  if (dataset.fits && isSameSplit) return;
  refuse(
    isSameSplit ? "features" : "split",
    "DATASET_HAS_ROWS",
    `dataset ${declared.name} has rows, so its features and split are fixed, but that features may become nullable and nullable ones be added; declare another dataset for another shape`,
  );
}
