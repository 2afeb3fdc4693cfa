import type { ProblemCode } from "../../language/fields/problem.js";

/** An image file that lies in an archive. It is read when its row is. */
export class StoredImage {
  constructor(
    readonly name: string,
    /** @throws UnreadableCell */
    readonly read: () => Promise<Buffer>,
  ) {}
}

/** A value that could not be read. */
export class UnreadableCell extends Error {
  constructor(
    message: string,
    readonly code: ProblemCode = "UNREADABLE",
    /** What the file has in its place; null where it has nothing to show. */
    readonly given: string | null = null,
  ) {
    super(message);
  }
}
