import { setImmediate as nextTurn } from "node:timers/promises";
import { declareNamed } from "../db/declare-named.js";
import type { Access } from "../db/session.js";
import { type Outcome, refuse } from "../db/transaction.js";
import { type Dataset, DatasetVersion } from "../entities/dataset.js";
import type { DatasetDeclaration } from "../language/datasets/dataset.js";
import { resolveDataset } from "../language/datasets/resolve-dataset.js";
import { digest } from "../language/fields/canonical.js";
import { recordDatasetEvent } from "./events.js";

/**
 * Declares a dataset. The same declaration again changes nothing. Once it has rows, its features and split are fixed,
 * since every version, split and trained model depends on them; only descriptions may still change.
 */
export async function declareDataset(
  access: Access,
  { idempotencyKey, ...declaration }: DatasetDeclaration & { idempotencyKey?: string | null },
): Promise<Outcome<{ changed: boolean; datasetId: string }>> {
  const { spec, problems } = resolveDataset(declaration);
  if (problems) return { problems };
  const { name, description, features, split } = spec;
  // Each of these steps takes a while for the largest declarations: others get a turn in between.
  await nextTurn();
  const fields = { description, features, split, digest: digest(spec) };
  await nextTurn();

  return declareNamed(access, "Dataset", {
    ...{ name, idempotencyKey, request: spec, resolve: () => ({ fields }) },
    async assertAllowed(manager, existing) {
      if (shapeDigest(existing) === shapeDigest(spec)) return;
      if (!(await manager.existsBy(DatasetVersion, { datasetId: existing.id }))) return;
      refuse(
        digest(existing.split) === digest(split) ? "features" : "split",
        "DATASET_HAS_ROWS",
        `dataset ${name} has rows, so its features and split are fixed; declare another dataset for another shape`,
      );
    },
    onChange: (manager, datasetId) => recordDatasetEvent(manager, { datasetId, kind: "DECLARED" }),
  });
}

/** What rows depend on: everything but descriptions. */
function shapeDigest({ features, split }: Pick<Dataset, "features" | "split">): string {
  return digest({ features: features.map((feature) => ({ ...feature, description: "" })), split });
}
