/** Bounds of imports. */
export const importLimits = {
  /** Columns of a file. */
  columns: 20_000,
  /** Bytes of one line of a CSV file, and of one object of a JSON file: 16 MiB. */
  lineBytes: 2 ** 24,
  /** Bytes of a file once it is decompressed: 256 GiB. */
  expandedBytes: 256 * 2 ** 30,
  /** Rows of one file. */
  rows: 1_000_000_000,
  /** Different problems that an import reports, each with its count. */
  problems: 100,
  /** Examples of lines that one problem names. */
  examples: 10,
  /** Characters of a text that stands for a missing value. */
  missingLength: 100,
  /** Texts that stand for a missing value. */
  missingValues: 100,
  /** Seconds that an inference may take. */
  inferenceSeconds: 60,
  /** Inferences that a server works on at once; others wait. */
  inferences: 2,
} as const;

/** Bounds of exports. */
export const exportLimits = {
  /** Seconds that an exported file is kept. */
  keptSeconds: 86_400,
  /** Seconds that the URL of one is good for. */
  urlSeconds: 900,
} as const;
