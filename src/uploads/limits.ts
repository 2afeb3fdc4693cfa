/** Bounds of uploads. */
export const uploadLimits = {
  /** Of one file: 64 GiB. */
  bytes: 64 * 2 ** 30,
  /** Characters of a file's name. */
  fileNameLength: 255,
  /** Seconds that the URL is good for. */
  urlSeconds: 3_600,
  /** Seconds that the bytes are kept after they came or were last read. */
  keptSeconds: 7 * 86_400,
  /** Milliseconds without a byte after which a request is cut off. */
  stalledMs: 60_000,
} as const;
