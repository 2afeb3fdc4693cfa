/**
 * Which values are missing: by feature, one byte per row, 1 for a missing value. A feature without missing values is not
 * in the map. At a missing row a column of numbers holds NaN (a column of bytes 0), a column of texts "", and a sequence
 * has no elements.
 */
export type Missing = ReadonlyMap<string, Uint8Array>;

/** Whether any row is missing. */
export function isAnyMissing(rows: Uint8Array): boolean {
  return rows.includes(1);
}

/** The table with what is missing in it, where something is. */
export function withMissing<Rows extends object>(
  table: Rows,
  missing: Iterable<readonly [string, Uint8Array]>,
): Rows & { missing?: Missing } {
  const found = new Map([...missing].filter(([, rows]) => isAnyMissing(rows)));
  return found.size > 0 ? { ...table, missing: found } : table;
}

/** Whether a row of a feature is missing. */
export function missingReader({ missing }: { missing?: Missing }, name: string): (row: number) => boolean {
  const rows = missing?.get(name);
  return rows === undefined ? () => false : (row) => rows[row] === 1;
}

/** One bit per row, the lowest of a byte first; 1 for a missing value. */
export function bitmapOf(rows: Uint8Array): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(rows.length / 8));
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] === 1) bitmap[row >> 3] = (bitmap[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bitmap;
}

/** The flags of several tables, one after another; undefined where no row is missing. */
export function concatenateMissing(
  name: string,
  tables: readonly { rowCount: number; missing?: Missing }[],
): Uint8Array | undefined {
  if (!tables.some(({ missing }) => missing?.has(name))) return undefined;
  const whole = new Uint8Array(tables.reduce((count, { rowCount }) => count + rowCount, 0));
  let first = 0;
  for (const { rowCount, missing } of tables) {
    const rows = missing?.get(name);
    if (rows) whole.set(rows, first);
    first += rowCount;
  }
  return whole;
}
