import { digest } from "../spec/canonical.js";
import type { DatasetDeclaration, DatasetSpec } from "../spec/dataset.js";
import type { Problem } from "../spec/problem.js";
import { resolveDataset } from "../spec/resolve-dataset.js";

/** A declared dataset in the form in which it is stored, or all that is wrong with it. */
export type ReadDataset = { problems: Problem[]; dataset?: undefined } | { problems: []; dataset: StoredDataset };

export interface StoredDataset extends Omit<DatasetSpec, "features"> {
  /** JSON of the features: millions of categories are one text. */
  features: string;
  /** Of the whole `DatasetSpec`. */
  digest: string;
}

/** Reads a declaration. It takes a second for the largest, so a server leaves it to `Intake.readDataset`. */
export function readDataset(declaration: DatasetDeclaration): ReadDataset {
  const { spec, problems } = resolveDataset(declaration);
  if (problems) return { problems };
  const { features, ...others } = spec;
  return { problems: [], dataset: { ...others, features: JSON.stringify(features), digest: digest(spec) } };
}
