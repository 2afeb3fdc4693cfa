/**
 * Where rows lie in a file of lines. DuckDB numbers rows, those that it leaves out among them; a text with line breaks takes
 * more lines.
 */
export class Lines {
  /** Rows behind which lie more lines, and how many lines more all rows up to them take. */
  readonly #rows: number[] = [];
  readonly #more: number[] = [];
  #total = 0;

  /** @param firstLine the line of the first row; undefined where the format has no lines. */
  constructor(private readonly firstLine: number | undefined) {}

  /** Notes the line breaks in the texts of a row; rows come in ascending order. */
  note(row: number, breaks: number): void {
    this.#total += breaks;
    this.#rows.push(row);
    this.#more.push(this.#total);
  }

  /** The lines of rows and of what was left out, by the number that DuckDB gave it, ascending. */
  with(rejected: readonly number[]): { ofRow(row: number): number | null; ofReject(number: number): number } {
    const { firstLine } = this;
    return {
      ofRow: (row) => {
        if (firstLine === undefined) return null;
        let number = firstLine + row;
        for (const left of rejected) {
          if (left > number) break;
          number++;
        }
        return number + this.#before(row);
      },
      ofReject: (number) => {
        const earlier = rejected.filter((left) => left < number).length;
        return number + this.#before(number - (firstLine ?? 1) - earlier);
      },
    };
  }

  /** How many lines more the rows before this one take. */
  #before(row: number): number {
    let [low, high] = [0, this.#rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle] as number) < row) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : (this.#more[low - 1] as number);
  }
}
