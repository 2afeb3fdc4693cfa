import type { DuckDBConnection } from "@duckdb/node-api";
import type { Feature } from "../../language/datasets/dataset.js";
import { shown } from "../../language/fields/wording.js";
import { numbersPerRow, sqlTypesOf } from "../../segments/columns.js";
import { quoteIdentifier, quoteText } from "../../segments/duckdb.js";
import { readManifest } from "../../segments/reader.js";
import { rowGroupSize } from "../../segments/writer.js";
import { parquetNamesKey } from "../files/parquet.js";

/** Segments whose columns have the same names and types, one after another: DuckDB takes the types of the first file. */
interface Group {
  columns: StoredColumn[];
  paths: string[];
}

/** Where a segment has a feature's values. */
interface StoredColumn {
  /** Undefined where the segment is older than the feature. */
  name: string | undefined;
  /** Of a feature that may have several types in files; else undefined. */
  type: string | undefined;
}

/**
 * Writes segments as one Parquet file, with the features' names. Where two names differ in case alone, which DuckDB takes
 * for one, the later column gets a number, and the file's metadata have its name. Answers what was renamed, as warnings.
 *
 * @param paths of the segments, in the order of their rows.
 */
export async function writeParquetFile(
  connection: DuckDBConnection,
  features: readonly Feature[],
  paths: readonly string[],
  target: string,
): Promise<string[]> {
  const columns = columnNames(features);
  const groups: Group[] = [];
  for (const path of paths) {
    const stored = await storedColumns(connection, features, path);
    const last = groups.at(-1);
    if (last?.columns.every(({ name, type }, index) => name === stored[index]?.name && type === stored[index]?.type))
      last.paths.push(path);
    else groups.push({ columns: stored, paths: [path] });
  }
  const types = features.map((feature, index) => typeFor(feature, groups, index));
  const selects = groups.map(({ columns: stored, paths: files }) => {
    const expressions = stored.map(({ name }, index) => {
      const value = name === undefined ? "NULL" : quoteIdentifier(name);
      return `CAST(${value} AS ${types[index]}) AS ${quoteIdentifier(columns[index] as string)}`;
    });
    const list = files.map(quoteText).join(", ");
    return `SELECT ${expressions.join(", ")} FROM read_parquet([${list}], hive_partitioning = false)`;
  });
  const names = JSON.stringify(features.map(({ name }) => name));
  const options = [
    // A dictionary of DuckDB's takes -0 for 0.
    ...["FORMAT parquet", "COMPRESSION zstd", "DICTIONARY_SIZE_LIMIT 0"],
    `ROW_GROUP_SIZE ${rowGroupSize(numbersPerRow(features))}`,
    `KV_METADATA {${quoteIdentifier(parquetNamesKey)}: ${quoteText(names)}}`,
  ];
  // One thread keeps the order of the rows at least cost.
  await connection.run("SET threads = 1");
  await connection.run(`COPY (${selects.join(" UNION ALL ")}) TO ${quoteText(target)} (${options.join(", ")})`);
  return features.flatMap(({ name }, index) =>
    name === columns[index]
      ? []
      : [`the column of ${shown(name)} is called ${shown(columns[index])}: another name differs in case alone.`],
  );
}

/** Names that DuckDB tells apart. */
function columnNames(features: readonly Feature[]): string[] {
  const taken = new Set<string>();
  const all = new Set(features.map(({ name }) => name.toLowerCase()));
  return features.map(({ name }) => {
    let column = name;
    for (let number = 2; taken.has(column.toLowerCase()); number++) {
      column = `${name}_${number}`;
      if (all.has(column.toLowerCase())) column = name;
    }
    taken.add(column.toLowerCase());
    return column;
  });
}

async function storedColumns(
  connection: DuckDBConnection,
  features: readonly Feature[],
  path: string,
): Promise<StoredColumn[]> {
  const { columns } = await readManifest(connection, path);
  const names = new Map(columns.map(({ feature, column }) => [feature, column]));
  const varies = (feature: Feature) => sqlTypesOf(feature).length > 1;
  const types = new Map<string, string>();
  if (features.some(varies)) {
    const file = `read_parquet(${quoteText(path)}, hive_partitioning = false)`;
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${file}`);
    for (const [column, type] of described.getRows()) types.set(String(column), String(type));
  }
  return features.map((feature) => {
    const name = names.get(feature.name);
    return { name, type: name !== undefined && varies(feature) ? types.get(name) : undefined };
  });
}

/** The SQL type of a feature: the one that all segments have, or else the one that fits any value. */
function typeFor(feature: Feature, groups: readonly Group[], index: number): string {
  const found = new Set(groups.flatMap(({ columns }) => columns[index]?.type ?? []));
  const [only, ...others] = found;
  return only !== undefined && others.length === 0 ? only : sqlTypesOf(feature)[0];
}
