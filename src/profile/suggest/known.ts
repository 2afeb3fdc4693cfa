import type { FeatureProfile } from "../profile.js";

/** A column as far as it is known; without the rest of its profile, it is preprocessed by default. */
export type KnownColumn = Pick<FeatureProfile, "name" | "type" | "missing" | "distinct"> &
  Partial<FeatureProfile> & {
    shape?: readonly number[];
    /** How many categories its list has; default: those that occur. */
    listed?: number;
  };

/** What is known of a table. */
export interface KnownTable {
  dataset: string;
  rowCount: number;
  columns: readonly KnownColumn[];
  /** Columns that are no inputs, whatever their profile says: what gives the target away, or is known to be an identifier. */
  except?: readonly string[];
}
