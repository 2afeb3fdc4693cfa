import type { DatasetDeclaration, DatasetSpec } from "../language/datasets/dataset.js";
import { resolveDataset } from "../language/datasets/resolve-dataset.js";
import { digest, digestOfRequest } from "../language/fields/canonical.js";
import type { Problem } from "../language/fields/problem.js";

/** A declaration as it is sent. */
export type SentDataset = DatasetDeclaration & { idempotencyKey?: string | null };

/** A declared dataset in the form in which it is stored, or its problems. */
export type ReadDataset = { problems: Problem[]; dataset?: undefined } | { problems: []; dataset: StoredDataset };

export interface StoredDataset extends Omit<DatasetSpec, "features"> {
  /** JSON of the features: millions of categories are one string. */
  features: string;
  /** Of the whole `DatasetSpec`. */
  digest: string;
  /** For the idempotency key, if there is one. */
  requestDigest: string | undefined;
}

/** Resolves a declaration. This takes up to a few seconds, so a server uses `Intake.readDataset`. */
export function readDataset({ idempotencyKey, ...declaration }: SentDataset): ReadDataset {
  const { spec, problems } = resolveDataset(declaration);
  if (problems) return { problems };
  const { features, ...others } = spec;
  const requestDigest = idempotencyKey == null ? undefined : digestOfRequest(spec);
  const dataset = { ...others, features: JSON.stringify(features), digest: digest(spec), requestDigest };
  return { problems: [], dataset };
}
