/** Where one append of a dataset lies in the object store. */
export interface SegmentReference {
  key: string;
  /** Lower-case hex. */
  sha256: string;
  rowCount: number;
}
