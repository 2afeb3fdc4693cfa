/** Texts that may be names as well: a country's code, or that there is none of something. */
const uncertain = ["NA", "None"];

/**
 * The texts that stand for a missing value in one column. Of the default ones, `NA` and `None` need another beside
 * them as evidence where the column holds names: Namibia's code is NA, and damages are none, minor or large.
 *
 * @param spellsValues whether the texts of the column spell numbers, dates and the like, of which `NA` is none.
 */
export function missingTexts(
  texts: Iterable<string>,
  spellings: readonly string[],
  { isDefault, spellsValues }: { isDefault: boolean; spellsValues: boolean },
): ReadonlySet<string> {
  const all = new Set(spellings);
  if (!isDefault || spellsValues) return all;
  const found = new Set<string>();
  for (const text of texts) {
    const trimmed = text.trim();
    if (!all.has(trimmed)) continue;
    if (!uncertain.includes(trimmed)) return all;
    found.add(trimmed);
    if (found.size === uncertain.length) return all;
  }
  for (const text of uncertain) all.delete(text);
  return all;
}

/** Whether a value of a file is missing. */
export function isMissingValue(value: unknown, missing: ReadonlySet<string>): boolean {
  if (value === null || value === undefined) return true;
  if (typeof value === "number") return Number.isNaN(value);
  return typeof value === "string" && (missing.has(value) || missing.has(value.trim()));
}
