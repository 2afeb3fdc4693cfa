import { count, shown } from "../../language/fields/wording.js";

/** A name of a column as it will be, and what was changed. */
export interface Header {
  name: string;
  /** As the file has it. */
  original: string;
  warning?: string;
}

const nameLength = 200;

/**
 * Names for the columns of a file: trimmed, without control characters, in NFC, none empty and none twice. Columns without
 * a name are `column_1`, `column_2` …; a second `a` is `a_2`.
 */
export function cleanHeaders(originals: readonly (string | null)[]): Header[] {
  const taken = new Set<string>();
  const wished = originals.map((original, index) => cleaned(original ?? "") || `column_${index + 1}`);
  // Case makes no difference to some who read names: a second one that differs in it alone is numbered, too.
  const all = new Set(wished.map((name) => name.toLowerCase()));
  return originals.map((given, index) => {
    const original = given ?? "";
    const wish = wished[index] as string;
    let name = wish;
    for (let number = 2; taken.has(name.toLowerCase()); number++) {
      const next = `${wish.slice(0, nameLength - 12)}_${number}`;
      if (!all.has(next.toLowerCase()) || taken.has(next.toLowerCase())) name = next;
    }
    taken.add(name.toLowerCase());
    const place = `column ${count(index + 1)}`;
    if (original.trim() === "")
      return { name, original, warning: `${place} has no name; it is called ${shown(name)}.` };
    if (name !== wish)
      return { name, original, warning: `${place} is a second ${shown(wish)}; it is called ${shown(name)}.` };
    if (name !== original.trim())
      return { name, original, warning: `${place}, ${shown(original)}, is called ${shown(name)}.` };
    return { name, original };
  });
}

function cleaned(original: string): string {
  const text = original
    .normalize("NFC")
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced.
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]+/g, " ")
    .replaceAll(/\p{Surrogate}/gu, "")
    .trim();
  return text.slice(0, nameLength).trim();
}
