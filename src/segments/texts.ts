import { isAscii } from "node:buffer";

/** The texts of some rows as UTF-8, one after another. */
export class Texts {
  /**
   * @param offsets where each text begins in `bytes`, and where the last one ends.
   * @param nulls 1 for a row without a text; undefined where every row has one.
   */
  constructor(
    readonly bytes: Buffer,
    readonly offsets: Uint32Array,
    readonly nulls: Uint8Array | undefined,
  ) {}

  get rowCount(): number {
    return this.offsets.length - 1;
  }

  /** Whether a character of ASCII, by its code, occurs in any of them. */
  holds(code: number): boolean {
    return this.bytes.includes(code);
  }

  isNull(row: number): boolean {
    return this.nulls !== undefined && this.nulls[row] === 1;
  }

  /** The text of one row. */
  at(row: number): string | null {
    if (this.isNull(row)) return null;
    return this.bytes.toString("utf8", this.offsets[row], this.offsets[row + 1]);
  }

  /** The texts of all rows. They share memory: none of them is to be kept without most of the others. */
  all(): (string | null)[] {
    const { bytes, offsets, rowCount } = this;
    const list = new Array<string | null>(rowCount);
    const whole = isAscii(bytes) ? bytes.toString("latin1") : undefined;
    for (let row = 0; row < rowCount; row++) {
      if (this.isNull(row)) list[row] = null;
      else if (whole === undefined) list[row] = this.at(row);
      else list[row] = whole.slice(offsets[row], offsets[row + 1]);
    }
    return list;
  }
}

/** Values of a column: texts, or whatever the format has. */
export type Cells = Texts | readonly unknown[];

/** The value of one row. */
export function cellAt(cells: Cells, row: number): unknown {
  return cells instanceof Texts ? cells.at(row) : cells[row];
}

/** The values of all rows. Texts share memory, as those of `Texts.all`. */
export function listOf(cells: Cells): readonly unknown[] {
  return cells instanceof Texts ? cells.all() : cells;
}
