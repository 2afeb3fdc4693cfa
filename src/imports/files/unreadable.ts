import type { ProblemCode } from "../../language/fields/problem.js";

/** A file that is no table. The message is for its owner. */
export class Unreadable extends Error {
  constructor(
    message: string,
    readonly code: ProblemCode = "UNREADABLE",
    /** Where it is, from 1. */
    readonly line: number | null = null,
    /** In an archive, the name of the entry that is at fault. */
    readonly entry: string | null = null,
  ) {
    super(message);
  }
}
