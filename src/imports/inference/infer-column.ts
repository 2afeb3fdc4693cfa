import { instantSpelling, spelledBoolean, spelledList, spelledNumber } from "../../features/values/spellings.js";
import type { FeatureType, Resize } from "../../language/datasets/dataset.js";
import { limits } from "../../language/fields/limits.js";
import { count, shown } from "../../language/fields/wording.js";
import type { ToldColumn } from "../files/table-file.js";
import { textOf } from "../files/text-of.js";
import { isMissingValue, missingTexts } from "../missing.js";
import { type ColumnRole, type Guess, identifierWarning, type WarningCode } from "./guess.js";
import { asNumbers, ofNumbers } from "./infer-numbers.js";

/** What was found out about a column, from a sample of its values. */
export interface InferredColumn {
  name: string;
  type: FeatureType;
  shape: number[];
  resize?: Resize;
  role: ColumnRole;
  /** Why it has this type, and how to overrule it. */
  evidence: string;
  /** In the sample. */
  missing: number;
  /** Different values in the sample. */
  distinct: number;
  examples: string[];
  /** The texts that are missing values in this column. */
  missingTexts: ReadonlySet<string>;
  warnings: { code: WarningCode; message: string }[];
  /** The values of the sample: null for a missing one, else its text. */
  texts: (string | null)[];
  /** The same values as numbers, if the column holds numbers. */
  numbers?: (number | null)[];
}

const shownExamples = 5;
/** More different texts than this in lists are words rather than labels. */
const mostLabels = 1_000;

/**
 * Guesses what a column holds.
 *
 * @param told what the file itself tells of it.
 */
export function inferColumn(
  name: string,
  values: readonly unknown[],
  options: { spellings: readonly string[]; isDefault: boolean; isTarget: boolean },
  told?: ToldColumn,
): InferredColumn {
  const given = new Set(values.map((value) => value ?? "").filter((value) => typeof value === "string"));
  const lenient = missingTexts(given, options.spellings, { ...options, spellsValues: told === undefined });
  let missing = lenient;
  let present = values.filter((value) => !isMissingValue(value, lenient));
  let guess: Guess | undefined = told ?? (present.length === 0 ? undefined : guessOf(name, present, options.isTarget));
  if (guess === undefined || (!told && guess.isText)) {
    missing = missingTexts(given, options.spellings, { ...options, spellsValues: false });
    if (missing.size < lenient.size) {
      present = values.filter((value) => !isMissingValue(value, missing));
      guess = present.length === 0 ? undefined : guessOf(name, present, options.isTarget);
    }
  }
  const texts = values.map((value) => (isMissingValue(value, missing) ? null : textOf(value)));
  const distinct = new Set(texts);
  distinct.delete(null);
  const read = guess?.numbers;
  const warnings = [...(guess?.warnings ?? [])];
  let { role = "INPUT" } = guess ?? { role: "UNUSED" as const };
  if (guess === undefined) {
    warnings.push({ code: "NO_VALUES", message: "no row looked at has a value: it is no input of the suggestion." });
  } else if (distinct.size === 1 && values.length > 1) {
    role = "CONSTANT";
    const message = `all values are ${shown([...distinct][0])}: it is no input of the suggestion.`;
    warnings.push({ code: "CONSTANT", message });
  }
  return {
    name,
    type: guess?.type ?? "TEXT",
    shape: guess?.shape ?? [],
    ...(guess?.resize && { resize: guess.resize }),
    role: options.isTarget ? "TARGET" : role,
    evidence: guess?.evidence ?? "No row looked at has a value. Declare the type that you expect.",
    missing: texts.filter((text) => text === null).length,
    distinct: distinct.size,
    examples: [...distinct].slice(0, shownExamples).map((text) => (text as string).slice(0, 100)),
    missingTexts: missing,
    warnings,
    texts,
    ...(read && { numbers: texts.map((text) => (text === null ? null : read(text))) }),
  };
}

function guessOf(name: string, present: readonly unknown[], isTarget: boolean): Guess | undefined {
  if (present.every((value) => typeof value === "boolean"))
    return { type: "BINARY", evidence: "All values are true or false." };
  if (present.every(Array.isArray)) return ofLists(present as readonly unknown[][], "The values are lists");
  const texts = present.map(textOf);
  const different = [...new Set(texts)];
  if (present.every((value) => typeof value === "number"))
    return ofNumbers(name, texts, different, { decimal: "." }, isTarget);
  const isMixed = present.some((value) => typeof value !== "string");
  const trimmed = different.map((text) => text.trim());
  return (
    (isMixed ? undefined : asBoolean(trimmed)) ??
    asNumbers(name, texts, different, isTarget) ??
    asInstants(different) ??
    asLists(texts, different) ??
    asText(texts, different, isMixed)
  );
}

const pairs = [
  ["true", "false"],
  ["yes", "no"],
  ["t", "f"],
  ["y", "n"],
];

function asBoolean(different: readonly string[]): Guess | undefined {
  const words = new Set(different.map((text) => text.toLowerCase()));
  if (words.size !== 2 || !pairs.some((pair) => pair.every((word) => words.has(word)))) return undefined;
  const [yes, no] = [true, false].map((value) => different.find((text) => spelledBoolean(text) === value));
  const evidence = `All values are ${shown(yes)} or ${shown(no)}, read as true and false. Declare CATEGORY to keep the words.`;
  return { type: "BINARY", evidence };
}

function asInstants(different: readonly string[]): Guess | undefined {
  if (!different.every((text) => /\d/.test(text))) return undefined;
  const spelling = instantSpelling(different);
  if (!spelling) return undefined;
  const how =
    spelling.order === undefined
      ? "All values are dates or times"
      : `All values are dates with the ${spelling.order === "DAY_FIRST" ? "day" : "month"} first`;
  const isUndecided = spelling.order !== undefined && instantSpelling(different.map(swapped)) !== undefined;
  const warnings: { code: WarningCode; message: string }[] = isUndecided
    ? [
        {
          code: "AMBIGUOUS",
          message: "its dates fit with the day and with the month first; the month is taken to be first.",
        },
      ]
    : [];
  return {
    ...{ type: "TIMESTAMP", warnings },
    evidence: `${how}, such as ${shown(different[0])}; those without a zone are read as UTC. Declare TEXT or CATEGORY to keep the words.`,
  };
}

/** A date with day and month exchanged. */
function swapped(text: string): string {
  return text.replace(/^(\s*)(\d{1,2})([-/.])(\d{1,2})/, "$1$4$3$2");
}

function asLists(texts: readonly string[], different: readonly string[]): Guess | undefined {
  const lists = new Map(different.map((text) => [text, spelledList(text)]));
  if (![...lists.values()].every(Array.isArray)) return undefined;
  return ofLists(
    texts.map((text) => lists.get(text) as unknown[]),
    "The values are lists in JSON",
  );
}

function ofLists(lists: readonly unknown[][], what: string): Guess | undefined {
  const isOf = (test: (value: unknown) => boolean) => lists.every((list) => list.every(test));
  if (isOf((value) => typeof value === "number")) {
    const length = lists[0]?.length ?? 0;
    if (length > 0 && lists.every((list) => list.length === length))
      return { type: "VECTOR", shape: [length], evidence: `${what} of ${length} numbers each.` };
    return { type: "SEQUENCE", evidence: `${what} of numbers, of different lengths.` };
  }
  return (
    asLabels(lists, what) ?? {
      ...{ type: "TEXT", isText: true, role: "UNUSED" as const },
      evidence: `${what} that are not of numbers, kept as text in JSON. Declare a SEQUENCE with categories for lists of words.`,
    }
  );
}

/** Lists of few different short texts, none of them twice in a list. */
function asLabels(lists: readonly unknown[][], what: string): Guess | undefined {
  const isLabel = (value: unknown) =>
    typeof value === "string" && value !== "" && value.length <= limits.categoryLength;
  if (!lists.every((list) => list.every(isLabel) && new Set(list).size === list.length)) return undefined;
  const all = lists.flat();
  const different = new Set(all).size;
  if (different < 2 || different > mostLabels || all.length < 2 * different) return undefined;
  return {
    type: "LABELS",
    evidence: `${what} of ${count(different)} different texts. Declare TEXT to keep them as they are, or a SEQUENCE with categories if their order matters.`,
  };
}

function asText(texts: readonly string[], different: readonly string[], isMixed: boolean): Guess {
  const n = texts.length;
  const d = different.length;
  const words = different.reduce((sum, text) => sum + text.trim().split(/\s+/).length, 0) / d;
  const longest = different.reduce((most, text) => Math.max(most, text.length), 0);
  const warnings: { code: WarningCode; message: string }[] = [];
  if (isMixed)
    warnings.push({ code: "MIXED", message: "holds texts beside numbers or other values; all are read as texts." });
  const numeric = different.filter((text) => spelledNumber(text, { decimal: "." }) !== undefined);
  if (numeric.length >= 20 && numeric.length >= 0.9 * d) {
    const odd = different.filter((text) => !numeric.includes(text)).slice(0, 3);
    const message = `most values are numbers, but not ${odd.map((text) => shown(text)).join(", ")}; give these as missingValues to read NUMBER.`;
    warnings.push({ code: "MIXED", message });
  }
  const isShort = longest <= limits.categoryLength;
  const isRepeated = d <= 2 || n >= 2 * d;
  if (isShort && isRepeated && words <= 8)
    return {
      ...{ type: "CATEGORY", isText: true, warnings },
      evidence: `${count(d)} different ${d === 1 ? "text" : "texts"} in ${count(n)} values. Declare TEXT if they are sentences.`,
    };
  if (words < 2 && n >= 20 && d >= 0.9 * n)
    return {
      ...{ type: "TEXT", isText: true, role: "IDENTIFIER", warnings: [...warnings, identifierWarning] },
      evidence:
        "Nearly every row has another single word, as identifiers have. Add it to the model's inputs if it tells something.",
    };
  if (isShort && words < 2 && n >= 20)
    return {
      ...{ type: "CATEGORY", isText: true, warnings },
      evidence: `${count(d)} different single words in ${count(n)} values. Declare TEXT to read them word by word.`,
    };
  return {
    ...{ type: "TEXT", isText: true, warnings },
    evidence: `Texts of ${words.toFixed(1)} words on average, ${count(d)} different ones in ${count(n)} values. Declare CATEGORY if they are names.`,
  };
}
