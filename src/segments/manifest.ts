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
  /** The name in the file: the feature's, with a number behind it where another differs from it only in case. */
  column: string;
  /** See `columnDigest`. */
  sha256: string;
}

export const manifestKey = "perennial";

/** Describes a table's rows. */
export function describeRows(features: readonly Feature[], table: Table): Manifest {
  const names = columnNames(features);
  const columns = features.map((feature, index) => ({
    feature: feature.name,
    type: feature.type,
    column: names[index] ?? feature.name,
    sha256: columnDigest(feature, table),
  }));
  return { format: 1, rowCount: table.rowCount, columns };
}

/** Names for the file's columns. DuckDB's names are case-insensitive, features' are not. */
function columnNames(features: readonly Feature[]): string[] {
  const taken = new Set(features.map(({ name }) => name.toLowerCase()));
  const seen = new Set<string>();
  return features.map(({ name }) => {
    let column = name;
    if (seen.has(name.toLowerCase())) {
      for (let number = 2; taken.has(column.toLowerCase()); number++) column = `${name}_${number}`;
    }
    taken.add(column.toLowerCase());
    seen.add(column.toLowerCase());
    return column;
  });
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
