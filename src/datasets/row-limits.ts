/** Bounds of rows that are read back. */
export const rowLimits = {
  /** Characters of the rows of one page as JSON; a page ends before the row that would exceed it, but has one row. */
  pageCharacters: 8 * 2 ** 20,
  /** Rows of one append that are put in the order of their times. */
  timedRows: 2 ** 24,
} as const;
