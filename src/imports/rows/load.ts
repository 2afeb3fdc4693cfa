import { partFault } from "../../features/split.js";
import { codecs } from "../../features/types/codecs.js";
import { withArrivingCategories } from "../../features/values/arriving-categories.js";
import type { SealedSegment } from "../../intake/seal.js";
import type { Feature, Split } from "../../language/datasets/dataset.js";
import { describedType } from "../../language/datasets/feature-types.js";
import { count, listed, shown } from "../../language/fields/wording.js";
import { type Cells, cellAt, Texts } from "../../segments/texts.js";
import { sampleOf } from "../files/sample.js";
import type { TableFile } from "../files/table-file.js";
import { textOf } from "../files/text-of.js";
import { importLimits } from "../limits.js";
import { isMissingValue, missingTexts } from "../missing.js";
import { type ImportOptions, missingValuesOf, type OnInvalid } from "../options.js";
import { type ImageColumn, withPixels } from "./image-cells.js";
import { Lines } from "./lines.js";
import { type ImportProblem, ImportProblems } from "./problems.js";
import { type CellFault, type ColumnReader, columnReader, type ReadColumn } from "./reader-column.js";
import { createSealer, type Sealer } from "./sealer.js";
import { SegmentBuffer } from "./segment-buffer.js";

/** Into what the rows of a file are read. */
export interface LoadRequest {
  features: readonly Feature[];
  split: Split;
  /** The likely ordinal of the first row. */
  firstOrdinal: number;
  onInvalid: OnInvalid;
  options: ImportOptions;
  sizeBytes: number;
}

export interface Loaded {
  /** None where rows are refused. */
  rowCount: number;
  skippedRows: number;
  problems: ImportProblem[];
  warnings: string[];
}

/** What a load tells while it goes on. */
export interface LoadListener {
  segment(segment: SealedSegment & { firstOrdinal: number }): Promise<void>;
  progress(rows: number, share: number): void;
}

/**
 * Reads all rows of a file into segments, which hold the rows in the file's order. Every value is checked. Rows that do not
 * fit are left out; under REFUSE, no segment is made any more once one was found.
 */
export async function loadTable(table: TableFile, request: LoadRequest, listener: LoadListener): Promise<Loaded> {
  const sealer = createSealer();
  try {
    return await load(table, request, listener, sealer);
  } finally {
    await sealer.close();
  }
}

async function load(table: TableFile, request: LoadRequest, listener: LoadListener, sealer: Sealer): Promise<Loaded> {
  const { split, onInvalid } = request;
  const features = withArrivingCategories(request.features);
  const problems = new ImportProblems();
  const { sources, warnings, lacking } = await matchColumns(table, { ...request, features });
  for (const feature of lacking)
    problems.add({
      ...{ feature: feature.name, code: "REQUIRED", value: null, row: 0 },
      message: () =>
        `the file has no column ${shown(feature.name)}, which is not nullable; it has ${listed(table.headers.map(({ name }) => name))}.`,
    });
  if (lacking.length > 0) return { rowCount: 0, skippedRows: 0, problems: problems.list(), warnings };

  const buffer = new SegmentBuffer(features);
  const isCounted = features.map(({ type }) => codecs[type].spelled === undefined);
  let [read, kept, skipped] = [0, 0, 0];
  const lines = new Lines(table.firstLine);
  /** One segment is written and stored while the rows of the next are read. */
  let storing = Promise.resolve();
  const flush = async (isLast = false) => {
    if (!isLast) await storing;
    const firstOrdinal = request.firstOrdinal + kept - buffer.rowCount;
    const [before, sealing] = [storing, sealer.seal({ features, split, firstOrdinal }, buffer.table(), isLast)];
    const store = async () => {
      const [, sealed] = await Promise.all([before, sealing]);
      await listener.segment({ ...sealed, firstOrdinal });
    };
    storing = store();
    // Whoever waits for it hears of its failure.
    storing.catch(() => {});
  };
  const wanted = sources.flatMap(({ column }) => (column === undefined ? [] : [column]));
  const placeOf = new Map(wanted.map((column, place) => [column, place]));

  const images = new Map<number, ImageColumn>();
  for (const [index, { column, missing }] of sources.entries()) {
    const feature = features[index] as Feature;
    if (column !== undefined && describedType(feature.type).takesFiles)
      images.set(placeOf.get(column) as number, { feature, missing });
  }

  for await (const chunk of withPixels(table.scan(wanted), images)) {
    const bad = new Uint8Array(chunk.rowCount);
    const cells = sources.map(({ column }) =>
      column === undefined ? undefined : chunk.columns[placeOf.get(column) as number],
    );
    noteBreaks(lines, cells, isCounted, read, chunk.rowCount);
    const rows: ReadColumn[] = sources.map(({ reader }, index) => {
      const values: Cells = cells[index] ?? new Array<null>(chunk.rowCount).fill(null);
      const { name } = features[index] as Feature;
      const report = (row: number, { code, message }: CellFault) => {
        bad[row] = 1;
        const given = cellAt(values, row);
        const shown = given === null || given === undefined ? null : textOf(given);
        // The row's own file is told as such.
        const value = shown === null || shown === table.entryOf?.(read + row) ? null : shown.slice(0, 100);
        problems.add({ ...{ feature: name, code, row: read + row, value }, message: () => `${name} ${message}` });
      };
      const column = reader(values, report);
      if (name === split.column) reportParts(values, bad, report);
      return column;
    });
    for (let row = 0; row < chunk.rowCount; ) {
      if (bad[row] === 1) {
        skipped++;
        row++;
        continue;
      }
      const next = bad.indexOf(1, row);
      const end = next < 0 ? chunk.rowCount : next;
      if (onInvalid === "REFUSE" && !problems.isEmpty) {
        row = end;
        continue;
      }
      const taken = buffer.take(rows, row, end);
      kept += taken;
      row += taken;
      if (buffer.isFull) await flush();
    }
    read += chunk.rowCount;
    if (read > importLimits.rows) {
      const message = () => `the file has more than ${count(importLimits.rows)} rows.`;
      problems.add({ feature: null, code: "TOO_LONG", value: null, row: read, message });
      await storing;
      return { rowCount: 0, skippedRows: 0, problems: problems.list(), warnings };
    }
    listener.progress(read, table.progress());
  }
  const rejects = await table.rejects();
  const { ofRow, ofReject } = lines.with(rejects.map(({ line }) => line));
  for (const { line, message } of rejects) {
    skipped++;
    const at = { line: ofReject(line), row: line - (table.firstLine ?? 1) };
    problems.add({ ...at, feature: null, code: "UNREADABLE", value: null, message: () => message });
  }
  const found = problems.list(ofRow, table.entryOf);
  if (onInvalid === "REFUSE" && found.length > 0) return { rowCount: 0, skippedRows: 0, problems: found, warnings };
  if (buffer.rowCount > 0) await flush(true);
  await storing;
  listener.progress(read, 1);
  return { rowCount: kept, skippedRows: skipped, problems: found, warnings };
}

/** Reports the rows whose column for the split names no part, unless their value is at fault already. */
function reportParts(values: Cells, bad: Readonly<Uint8Array>, report: (row: number, fault: CellFault) => void): void {
  for (let row = 0; row < bad.length; row++) {
    const fault = bad[row] === 1 ? undefined : partFault(cellAt(values, row));
    if (fault) report(row, fault);
  }
}

const lineFeed = 10;

/** Notes the line breaks within the texts of rows. */
function noteBreaks(
  lines: Lines,
  cells: readonly (Cells | undefined)[],
  isCounted: readonly boolean[],
  firstRow: number,
  rowCount: number,
): void {
  let breaks: Uint32Array | undefined;
  for (const [index, values] of cells.entries()) {
    if (!values || !isCounted[index] || (values instanceof Texts && !values.holds(lineFeed))) continue;
    for (let row = 0; row < rowCount; row++) {
      const text = cellAt(values, row);
      if (typeof text !== "string" || !text.includes("\n")) continue;
      breaks ??= new Uint32Array(rowCount);
      breaks[row] = (breaks[row] as number) + text.split("\n").length - 1;
    }
  }
  breaks?.forEach((count, row) => {
    if (count > 0) lines.note(firstRow + row, count);
  });
}

interface Source {
  /** The column of the file; undefined where it has none, and all values are missing. */
  column: number | undefined;
  reader: ColumnReader;
  /** The texts that stand for a missing value. */
  missing: ReadonlySet<string>;
}

/** Finds the column of each feature, and how it spells values. */
async function matchColumns(
  table: TableFile,
  { features, options, sizeBytes }: LoadRequest,
): Promise<{ sources: Source[]; warnings: string[]; lacking: Feature[] }> {
  const columns = new Map<string, number>();
  for (const [index, { original }] of table.headers.entries()) if (!columns.has(original)) columns.set(original, index);
  for (const [index, { name }] of table.headers.entries()) columns.set(name, index);
  const names = new Set(features.map(({ name }) => name));
  const warnings = [...table.notes];
  const extra = table.headers.filter(({ name, original }) => !names.has(name) && !names.has(original));
  if (extra.length > 0)
    warnings.push(`the dataset has no feature for ${listed(extra.map(({ name }) => name))}: not imported.`);
  const lacking = features.filter(({ name, nullable }) => !columns.has(name) && !nullable);
  for (const { name } of features)
    if (!columns.has(name)) warnings.push(`the file has no column ${shown(name)}: its values are missing.`);
  const { sample } = await sampleOf(table, sizeBytes);
  const missing = missingValuesOf(options);
  const sources = features.map((feature): Source => {
    const column = columns.get(feature.name);
    const values = (column === undefined ? [] : (sample.columns[column] ?? []))
      .map((value) => (typeof value === "number" ? String(value) : (value ?? "")))
      .filter((value): value is string => typeof value === "string");
    const codec = codecs[feature.type];
    const absent = missingTexts(values, missing.spellings, { ...missing, spellsValues: codec.spelled !== undefined });
    const present = [...new Set(values)].filter((value) => !isMissingValue(value, absent));
    const spelling = codec.spellingOf?.(present) ?? {};
    return { column, reader: columnReader(feature, { spelling, missing: absent }), missing: absent };
  });
  return { sources, warnings, lacking };
}
