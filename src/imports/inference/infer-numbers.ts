import { epochOf, numberSpelling, type Spelling, spelledNumber } from "../../features/values/spellings.js";
import { inexactDigits } from "../../language/fields/exact-integers.js";
import { shown } from "../../language/fields/wording.js";
import { type Guess, identifierWarning, type WarningCode } from "./guess.js";

/** Names of columns that number or name the rows. */
const identifierName =
  /^(id|uuid|guid|key|index|row|rownames?|row_?(id|num|number)|unnamed: ?\d+|column_1)$|(_id|Id|ID|_key|_uuid)$/;
const instantName = /(^|[_\W])(date|time|timestamp|datetime|epoch|ts|created|updated)($|[_\W])|_at$|At$|Date$|Time$/i;

/** A column of numbers, codes or identifiers in text; undefined for any other. */
export function asNumbers(
  name: string,
  texts: readonly string[],
  different: readonly string[],
  isTarget: boolean,
): Guess | undefined {
  const spelling = numberSpelling(different);
  return spelling && ofNumbers(name, texts, different, spelling, isTarget);
}

/** A column of numbers. */
export function ofNumbers(
  name: string,
  texts: readonly string[],
  different: readonly string[],
  spelling: Spelling,
  isTarget: boolean,
): Guess {
  const n = texts.length;
  const d = different.length;
  const plainTexts = different.map((text) => text.trim());
  if (different.some((text) => inexactDigits(spelledNumber(text, spelling)) !== undefined))
    return {
      ...{ type: "TEXT", isText: true, role: "IDENTIFIER" as const },
      evidence: "Some integers exceed what 64-bit floats hold exactly, so they are identifiers and kept as text.",
      warnings: [identifierWarning],
    };
  if (plainTexts.some((text) => /^[+-]?0\d/.test(text)) && plainTexts.every((text) => /^\d+$/.test(text))) {
    const isRepeated = n >= 2 * d;
    return {
      ...(isRepeated
        ? { type: "CATEGORY" as const, isText: true }
        : { type: "TEXT" as const, isText: true, role: "IDENTIFIER" as const, warnings: [identifierWarning] }),
      evidence: "Some begin with 0, as codes do, which a number would lose. Declare NUMBER if they are quantities.",
    };
  }
  const numbers = (text: string) => spelledNumber(text, spelling) as number;
  const numeric = different.map(numbers);
  const isWhole = numeric.every(Number.isInteger);
  const [least, most] = [numeric.reduce((a, b) => Math.min(a, b)), numeric.reduce((a, b) => Math.max(a, b))];
  if (d === 2 && least === 0 && most === 1)
    return {
      ...{ type: "BINARY", numbers },
      evidence: "All values are 0 or 1, read as false and true. Declare NUMBER if they are counts.",
    };
  const epoch = instantName.test(name) ? epochOf(different) : undefined;
  if (epoch)
    return {
      type: "TIMESTAMP",
      evidence: `The name tells of times, and the numbers are ${epoch.toLowerCase()} since 1970 between ${dateOf(least, epoch)} and ${dateOf(most, epoch)}. Declare NUMBER if they are not.`,
    };
  if (isTarget && isWhole && d >= 2 && d <= 10 && n >= 5 * d && most - least < 20)
    return {
      ...{ type: "CATEGORY", isText: true },
      evidence: `The target has only ${d} different whole numbers, so they are taken for classes. Declare NUMBER to predict a quantity.`,
      warnings: [
        {
          code: "TARGET",
          message: `has only ${d} different whole numbers and is taken for classes; declare NUMBER to predict a quantity.`,
        },
      ],
    };
  const isNumbered = isWhole && d === n && n >= 20 && (most - least === n - 1 || identifierName.test(name));
  if (isNumbered && (most - least === n - 1 ? isOrdered(texts, numbers) || identifierName.test(name) : true))
    return {
      ...{ type: "NUMBER", role: "IDENTIFIER" as const, numbers, warnings: [identifierWarning] },
      evidence:
        "Every row has another whole number, as identifiers do. Add it to the model's inputs if it is a quantity.",
    };
  const form = formOf(different, spelling);
  const isAmbiguous =
    different.some((text) => text.includes(",")) &&
    spelling.decimal === "." &&
    !different.some((text) => text.includes("."));
  const warnings: { code: WarningCode; message: string }[] = [];
  if (isAmbiguous && different.every((text) => !/,\d{3},/.test(text)))
    warnings.push({ code: "AMBIGUOUS", message: "its commas are taken for marks of thousands." });
  const few = isWhole && d <= 10 && n >= 10 * d && d > 2;
  if (few)
    warnings.push({
      code: "FEW_VALUES",
      message: `has only ${d} different whole numbers; declare CATEGORY if they are codes and not quantities.`,
    });
  return {
    ...{ type: "NUMBER", numbers, warnings },
    evidence: `All values are numbers${form}, from ${least} to ${most}.${few ? ` There are only ${d} different ones: declare CATEGORY if they are codes.` : ""}`,
  };
}

function isOrdered(texts: readonly string[], numbers: (text: string) => number): boolean {
  return texts.every((text, row) => row === 0 || numbers(text) > numbers(texts[row - 1] as string));
}

function dateOf(number: number, epoch: NonNullable<Spelling["epoch"]>): string {
  return new Date(number * (epoch === "SECONDS" ? 1000 : 1)).toISOString().slice(0, 10);
}

function formOf(different: readonly string[], { decimal }: Spelling): string {
  const marked = different.find((text) => /[$€£¥₹%]/.test(text));
  if (marked) return ` such as ${shown(marked)}`;
  if (decimal === "," && different.some((text) => text.includes(","))) return " with a decimal comma";
  return different.some((text) => text.includes(",")) ? " with commas between thousands" : "";
}
