/** A file in an archive. */
export interface ArchiveFile {
  /** With its folders, in Unicode's normal form C. */
  name: string;
  /** Unpacked. */
  sizeBytes: number;
}

/** An archive that is open. Its files can be read in any order. */
export interface Archive {
  /** In the archive's order, without hidden ones. */
  files: readonly ArchiveFile[];
  /** What its owner should know. */
  notes: string[];
  /**
   * The bytes of a file.
   *
   * @throws UnreadableCell where it is damaged, or larger than `archiveLimits.fileBytes`.
   */
  read(file: ArchiveFile): Promise<Buffer>;
  /** Copies a file of any size. @throws Unreadable where it is damaged. */
  extract(file: ArchiveFile, path: string): Promise<void>;
  close(): Promise<void>;
}
