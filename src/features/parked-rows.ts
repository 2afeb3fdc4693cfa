/**
 * The rows of a large request, which lie in another thread: this one would need seconds for so many objects. Where rows
 * are expected, a list of one `ParkedRows` stands for all of them.
 */
export abstract class ParkedRows {
  abstract readonly rowCount: number;
  /** What is wrong with them as JSON, such as a row that is no object; undefined where nothing is. */
  abstract readonly fault: string | undefined;

  /** The rows themselves, brought over in parts so that others get their turns. */
  abstract all(): Promise<Record<string, unknown>[]>;

  /** How GraphQL's own messages show them. */
  toJSON(): string {
    return `${this.rowCount} rows`;
  }
}
