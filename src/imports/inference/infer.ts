import type { Problem } from "../../language/fields/problem.js";
import { count, shown } from "../../language/fields/wording.js";
import { type Suggestion, suggest } from "../../profile/suggest/suggest.js";
import { sampleOf } from "../files/sample.js";
import type { TableFile } from "../files/table-file.js";
import { type ImportOptions, missingValuesOf } from "../options.js";
import type { ColumnRole, WarningCode } from "./guess.js";
import { type InferredColumn, inferColumn } from "./infer-column.js";
import { knownTable } from "./known-table.js";
import { markLeaks } from "./leaks.js";

/** What a file was found to hold. Where it is no table there are problems, and all else is null. */
export interface Inference {
  problems: Problem[];
  rowCount: number | null;
  features: InferredFeature[] | null;
  warnings: InferenceWarning[] | null;
  /** The input of `declareDataset`. */
  declaration: Record<string, unknown> | null;
  /** Null without a target. */
  suggestion: Suggestion | null;
}

export interface InferredFeature {
  name: string;
  type: InferredColumn["type"];
  role: ColumnRole;
  missing: number;
  distinct: number;
  examples: string[];
  evidence: string;
}

export interface InferenceWarning {
  path: string;
  code: WarningCode;
  message: string;
}

/** Guesses the features of a dataset from a file, and a first model for a target. */
export async function infer(
  table: TableFile,
  sizeBytes: number,
  { name, target, options }: { name: string; target: string | null; options: ImportOptions },
): Promise<Inference> {
  const { sample, isWhole } = await sampleOf(table, sizeBytes);
  if (sample.rowCount === 0) {
    const lost = await table.hasLostRows();
    if (lost) return refused("upload", "UNREADABLE", "no line after the header can be read; are its quotes closed?");
    return refused("upload", "EMPTY", "the file has a header and no rows.");
  }
  const names = table.headers.map((header) => header.name);
  if (target !== null && !names.includes(target)) {
    const some = names
      .slice(0, 20)
      .map((each) => shown(each))
      .join(", ");
    const message = `${shown(target)} is no column of the file, which has ${some}${names.length > 20 ? " …" : ""}.`;
    return refused("target", "UNKNOWN_REFERENCE", message);
  }
  const missing = missingValuesOf(options);
  const told = await table.told?.();
  const columns = table.headers.map((header, index) =>
    inferColumn(
      header.name,
      sample.columns[index] ?? [],
      { ...missing, isTarget: header.name === target },
      told?.get(index),
    ),
  );
  const aimed = columns.find((column) => column.name === target);
  if (aimed) markLeaks(columns, aimed);
  const counted = isWhole ? undefined : await table.counts(columns.map(({ missingTexts }) => [...missingTexts]));
  const counts = counted?.columns;
  const rowCount = counted?.rowCount ?? sample.rowCount;
  const warnings = warningsOf(table, columns, { rowCount, looked: sample.rowCount, isWhole });
  const features = columns.map(({ name, type, role, missing, distinct, examples, evidence }, index) => ({
    ...{ name, type, role, examples, evidence },
    missing: counts?.[index]?.missing ?? missing,
    distinct: counts?.[index]?.distinct ?? distinct,
  }));
  const declaration = {
    name,
    features: columns.map(({ name, type, shape, resize }, index) => ({
      ...{ name, type },
      ...(shape.length > 0 && { shape }),
      ...(resize && { resize }),
      ...((features[index]?.missing ?? 0) > 0 && { nullable: true }),
    })),
    ...(table.splitColumn !== undefined && { split: { column: table.splitColumn } }),
  };
  const distinct = new Map(features.map((feature) => [feature.name, feature.distinct]));
  const known = knownTable(name, rowCount, columns, sample);
  // Beyond the sample there may be more categories.
  const withCounts = known.columns.map((column) => ({ ...column, listed: distinct.get(column.name) ?? 0 }));
  const suggestion = target === null ? null : suggest({ ...known, columns: withCounts }, target);
  return { problems: [], rowCount, features, warnings, declaration, suggestion };
}

function warningsOf(
  { headers, notes }: TableFile,
  columns: readonly InferredColumn[],
  { rowCount, looked, isWhole }: { rowCount: number; looked: number; isWhole: boolean },
): InferenceWarning[] {
  const warnings: InferenceWarning[] = notes.map((message) => ({ path: "", code: "FORMAT", message }));
  if (!isWhole)
    warnings.push({
      ...{ path: "", code: "SAMPLED" },
      message: `types were guessed from ${count(looked)} of ${count(rowCount)} rows; the import checks every row.`,
    });
  for (const { name, warning } of headers)
    if (warning !== undefined) warnings.push({ path: name, code: "RENAMED", message: warning });
  for (const { name, warnings: found } of columns) for (const each of found) warnings.push({ path: name, ...each });
  if (headers.length < 2)
    warnings.push({
      path: "",
      code: "FORMAT",
      message: "the file has one column; a dataset needs at least two features.",
    });
  return warnings;
}

/** The inference of a file that cannot be read as a table. */
export function refused(path: string, code: Problem["code"], message: string): Inference {
  const nothing = { rowCount: null, features: null, warnings: null, declaration: null, suggestion: null };
  return { problems: [{ path, code, message }], ...nothing };
}
