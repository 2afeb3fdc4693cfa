/**
 * The texts that stand for a missing value in one column. Of the default ones, `NA` needs another beside it as evidence where
 * the column holds names: Namibia's code is NA.
 *
 * @param spellsValues whether the texts of the column spell numbers, dates and the like, of which `NA` is none.
 */
export function missingTexts(
  texts: Iterable<string>,
  spellings: readonly string[],
  { isDefault, spellsValues }: { isDefault: boolean; spellsValues: boolean },
): ReadonlySet<string> {
  const all = new Set(spellings);
  if (!isDefault || spellsValues || !all.has("NA")) return all;
  for (const text of texts) {
    const trimmed = text.trim();
    if (trimmed !== "NA" && all.has(trimmed)) return all;
  }
  all.delete("NA");
  return all;
}

/** Whether a value of a file is missing. */
export function isMissingValue(value: unknown, missing: ReadonlySet<string>): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "number") return Number.isNaN(value);
  return typeof value === "string" && (missing.has(value) || missing.has(value.trim()));
}
