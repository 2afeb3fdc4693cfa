/** Bounds of zip and tar archives. */
export const archiveLimits = {
  /** Files and folders of one archive: their names are held in memory. */
  entries: 250_000,
  /** Characters of a name with its folders. */
  nameLength: 1_000,
  /** Bytes of all files, unpacked: 64 GiB. */
  unpackedBytes: 64 * 2 ** 30,
  /** How many times larger an archive may become by unpacking: text becomes ten times larger, a bomb a thousand times. */
  ratio: 200,
  /** Bytes up to which the ratio does not matter: 256 MiB. */
  ratioFromBytes: 2 ** 28,
  /** Bytes of one image or text file, which is held in memory: 64 MiB. */
  fileBytes: 2 ** 26,
} as const;
