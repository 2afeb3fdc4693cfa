import type { DecodedRows, DecodeImages, ImageBudget } from "../features/image-files.js";
import { rowChecker } from "../features/rows.js";
import { spelledRows } from "../features/spelled-rows.js";
import { type Table, tableFromRows } from "../features/table.js";
import type { Feature } from "../language/datasets/dataset.js";
import { Findings } from "../language/fields/findings.js";
import { limits } from "../language/fields/limits.js";
import type { Problem } from "../language/fields/problem.js";
import { count } from "../language/fields/wording.js";
import type { Slice } from "./slices.js";

/** The problems of the rows of one request that cannot be answered. */
export class RowProblems {
  private readonly byRow = new Map<number, Problem[]>();
  private listed = 0;

  /** How many more problems a row may list; at least one. */
  get room(): number {
    return Math.max(1, limits.rowProblems - this.listed);
  }

  /** How many rows have problems. */
  get rows(): number {
    return this.byRow.size;
  }

  /** @param problems at least one. */
  add(row: number, problems: Problem[]): void {
    this.byRow.set(row, problems);
    this.listed += problems.length;
  }

  of(row: number): Problem[] {
    return this.byRow.get(row) ?? [];
  }

  /** For a request without any answer: the problems of the first rows, and one that counts the other rows. */
  ofAll(): Problem[] {
    const problems: Problem[] = [];
    let rows = 0;
    for (; rows < this.rows && problems.length < limits.rowProblems; rows++) problems.push(...this.of(rows));
    const others = this.rows - rows;
    if (others === 0) return problems;
    const message = `${count(others)} more ${others === 1 ? "row has" : "rows have"} problems that are not listed.`;
    return [...problems, { path: "rows", code: problems[0]?.code ?? "BAD_TYPE", message }];
  }
}

/** The valid rows of a slice, by column, and the index of each in the request. */
export interface FittingRows {
  table: Table;
  rows: number[];
}

/** Decodes the image files of a slice and checks its rows. Keeps valid rows; adds the problems of the others. */
export type SliceCheck = (
  rows: readonly unknown[],
  slice: Slice,
  problems: RowProblems,
  /** The request's remaining budget of decoded images; the slice's share is taken from it. */
  images: ImageBudget,
) => Promise<FittingRows>;

/**
 * @param features what each row must have a value for.
 * @param ignored other fields that are allowed and ignored.
 */
export function createSliceCheck(
  features: readonly Feature[],
  ignored: ReadonlySet<string>,
  decodeImages: DecodeImages,
): SliceCheck {
  // Of the current slice: the check of a slice is never interrupted.
  let faultOf: DecodedRows["faultOf"] = () => undefined;
  const checkRow = rowChecker(features, { ignore: ignored, faultOf: (row, feature) => faultOf(row, feature) });
  function fitting(values: readonly unknown[], start: number, problems: RowProblems): FittingRows {
    const kept: Record<string, unknown>[] = [];
    const rows: number[] = [];
    let { room } = problems;
    let findings = Findings.start("rows", room);
    for (const [index, value] of values.entries()) {
      checkRow(findings, start + index, value);
      const found = findings.problems();
      if (found.length === 0) {
        kept.push(value as Record<string, unknown>);
        rows.push(start + index);
        continue;
      }
      problems.add(start + index, ofRow(start + index, found, room));
      room = problems.room;
      findings = Findings.start("rows", room);
    }
    return { table: tableFromRows(features, kept), rows };
  }

  return async (given, { start, end }, problems, images) => {
    const decoded = await decodeImages(features, spelledRows(features, given.slice(start, end)) as unknown[], images);
    try {
      Object.assign(images, decoded.left);
      faultOf = (row, feature) => decoded.faultOf(row - start, feature);
      return fitting(decoded.rows as unknown[], start, problems);
    } finally {
      decoded.release();
    }
  };
}

/** The problems of a row; if there are more than may be listed, the last one says so. */
function ofRow(row: number, found: Problem[], room: number): Problem[] {
  const more = found[room];
  if (!more) return found;
  return [...found.slice(0, room), { ...more, path: `rows[${row}]`, message: "This row has more problems." }];
}
