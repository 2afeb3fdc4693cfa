/**
 * What large requests may take of a server, all requests together. Who comes when a share is taken waits for it; who
 * would wait too long, or finds too many waiting, is refused with `LIMIT_EXCEEDED` and may try again.
 */
export const intakeLimits = {
  /** Bodies that are being read and parsed, in bytes. */
  bodyBytes: 256 * 1024 * 1024,
  /** Bodies up to this size are parsed where they arrive: a thread would only delay them. */
  inlineBytes: 256 * 1024,
  /** Rows that lie parsed in the thread, by the size of their bodies in bytes: as objects they are many times as large. */
  parkedBytes: 32 * 1024 * 1024,
  /** How long rows stay parked that nobody has used, in milliseconds. */
  parkedMs: 60_000,
  /** What image files of predictions have become, in numbers. */
  decodedNumbers: 2 ** 27,
  /** Work up to this size has a thread of its own: bytes of rows, and four for each number of an image. */
  smallWork: 4 * 1024 * 1024,
  /** Pieces of work at once in the thread for small work. */
  smallAtOnce: 4,
  /** Pieces of work at once in the thread for large work. */
  largeAtOnce: 1,
  /** Requests that may wait for one share. */
  waiting: 256,
  /** How long a request waits for its share, in milliseconds. */
  waitMs: 60_000,
} as const;

export type IntakeLimits = { [Name in keyof typeof intakeLimits]: number };
