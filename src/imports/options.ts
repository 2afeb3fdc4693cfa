import { missingSpellings } from "../features/values/spellings.js";
import { readList, readText } from "../language/fields/fields.js";
import type { Findings } from "../language/fields/findings.js";
import { importLimits } from "./limits.js";

/** What an import does with rows that do not fit: nothing is imported, or they are left out. */
export const invalidRowChoices = ["REFUSE", "SKIP"] as const;
export type OnInvalid = (typeof invalidRowChoices)[number];

/** How the values of a file are read. */
export interface ImportOptions {
  /** Texts that stand for a missing value; null: the default ones. */
  missingValues: string[] | null;
}

/** Reads the texts that stand for missing values. */
export function readMissingValues(findings: Findings, given: string[] | null | undefined): string[] | null {
  if (given === null || given === undefined) return null;
  const list = readList(findings, "missingValues", given, importLimits.missingValues);
  return list.map((text, index) =>
    readText(findings.at("missingValues"), index, text, { min: 0, max: importLimits.missingLength }),
  );
}

/** The texts that stand for a missing value, and whether they were not given. */
export function missingValuesOf({ missingValues }: ImportOptions): {
  spellings: readonly string[];
  isDefault: boolean;
} {
  return missingValues === null
    ? { spellings: missingSpellings, isDefault: true }
    : { spellings: missingValues, isDefault: false };
}
