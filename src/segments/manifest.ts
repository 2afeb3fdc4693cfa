import { PlatformError } from "../errors.js";
import type { Table } from "../features/table.js";
import { type Feature, type FeatureType, featureTypes } from "../language/datasets/dataset.js";
import { columnDigest } from "./rows-digest.js";

/** What a segment says about itself, as JSON under the key `perennial` of the Parquet file's metadata. */
export interface Manifest {
  format: 1;
  rowCount: number;
  columns: ManifestColumn[];
}

export interface ManifestColumn {
  feature: string;
  type: FeatureType;
  /**
   * The name in the file: `c0`, `c1`, …, because a feature's name may be any text, and DuckDB's are case-insensitive. In
   * older segments it is the feature's name, with a number behind it where another differed from it only in case.
   */
  column: string;
  /** See `columnDigest`. */
  sha256: string;
}

export const manifestKey = "perennial";

/** Describes a table's rows. */
export function describeRows(features: readonly Feature[], table: Table): Manifest {
  const columns = features.map((feature, index) => ({
    feature: feature.name,
    type: feature.type,
    column: `c${index}`,
    sha256: columnDigest(feature, table),
  }));
  return { format: 1, rowCount: table.rowCount, columns };
}

/** Throws `OBJECT_CORRUPT` for a text that is no manifest. */
export function parseManifest(text: string): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch {
    manifest = undefined;
  }
  if (isManifest(manifest)) return manifest;
  throw new PlatformError("OBJECT_CORRUPT", "The Parquet file's metadata does not describe a segment.");
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== "object" || value === null) return false;
  const { format, rowCount, columns }: Partial<Record<keyof Manifest, unknown>> = value;
  if (format !== 1 || !Array.isArray(columns)) return false;
  return typeof rowCount === "number" && Number.isSafeInteger(rowCount) && rowCount >= 0 && columns.every(isColumn);
}

function isColumn(value: unknown): value is ManifestColumn {
  if (typeof value !== "object" || value === null) return false;
  const { feature, type, column, sha256 }: Partial<Record<keyof ManifestColumn, unknown>> = value;
  const texts = [feature, column, sha256].every((text) => typeof text === "string");
  return texts && featureTypes.some((known) => known === type);
}
