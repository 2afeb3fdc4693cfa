import type { FeatureType, Resize } from "../../language/datasets/dataset.js";

/** What a column is good for. */
export const columnRoles = ["INPUT", "TARGET", "IDENTIFIER", "CONSTANT", "LEAK", "UNUSED"] as const;
export type ColumnRole = (typeof columnRoles)[number];

export const warningCodes = [
  ...(["RENAMED", "FORMAT", "SAMPLED", "CONSTANT", "IDENTIFIER", "LEAK"] as const),
  ...(["NO_VALUES", "FEW_VALUES", "MIXED", "AMBIGUOUS", "TARGET"] as const),
] as const;
export type WarningCode = (typeof warningCodes)[number];

/** What a column is taken for. */
export interface Guess {
  type: FeatureType;
  evidence: string;
  shape?: number[];
  resize?: Resize;
  role?: ColumnRole;
  warnings?: { code: WarningCode; message: string }[];
  numbers?: (text: string) => number;
  /** Whether its values are texts, for which other texts may stand for a missing value. */
  isText?: boolean;
}

export const identifierWarning = {
  code: "IDENTIFIER" as const,
  message: "looks like an identifier of the rows: it is no input of the suggestion.",
};
