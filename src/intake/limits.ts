/**
 * What all requests together may use of a server. A request waits for its share. If it would wait too long, or if too many
 * requests wait already, it is refused with `LIMIT_EXCEEDED` and may be repeated.
 */
export const intakeLimits = {
  /** Bytes of the bodies that are being read and parsed. */
  bodyBytes: 256 * 1024 * 1024,
  /** Bodies up to this size are parsed on the main thread, in bytes: sending them to another one would take longer. */
  inlineBytes: 256 * 1024,
  /** Bytes of the bodies whose rows are kept in the thread. As objects, rows are many times as large. */
  parkedBytes: 32 * 1024 * 1024,
  /** How long unused rows are kept, in milliseconds. */
  parkedMs: 60_000,
  /** Numbers in the decoded image files of predictions. */
  decodedNumbers: 2 ** 27,
  /** Work up to this size goes to the thread for small work: bytes of rows, and four for each number of an image. */
  smallWork: 4 * 1024 * 1024,
  /** Calls at once in the thread for small work. */
  smallAtOnce: 4,
  /** Calls at once in the thread for large work. */
  largeAtOnce: 1,
  /** Requests that may wait for each of these quantities. */
  waiting: 256,
  /** How long a request waits for its share, in milliseconds. */
  waitMs: 60_000,
} as const;

export type IntakeLimits = { [Name in keyof typeof intakeLimits]: number };
