/** Where rows of a dataset lie in the object store. */
export interface SegmentReference {
  key: string;
  /** Lower-case hex. */
  sha256: string;
  rowCount: number;
}
