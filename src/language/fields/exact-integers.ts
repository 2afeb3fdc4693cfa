/**
 * Integers that a 64-bit float cannot hold. `JSON.parse` rounds `9007199254740993` to `…992` without a word, and a row's
 * id or a label would be another number than the one sent. `markInexactIntegers` replaces them in JSON text by a marker,
 * an object that no check of a number accepts, and `inexactDigits` says which digits were sent.
 *
 * Only integers written in digits alone count: a fraction or an exponent asks for rounding. Those that are exact, such as
 * 2^60, pass, and so do digits that come back as they were sent, which is how JavaScript writes its own large numbers.
 */
const markerKey = "perennial:inexactInteger";

/** A marker that GraphQL's own messages show by its digits. */
class InexactInteger {
  [markerKey]: string;

  constructor(digits: string) {
    this[markerKey] = digits;
  }

  toJSON(): string {
    return this[markerKey];
  }
}

/** The digits of an integer that was sent and that 64-bit floats do not hold; undefined for any other value. */
export function inexactDigits(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, markerKey)) return undefined;
  const digits = (value as Record<string, unknown>)[markerKey];
  return typeof digits === "string" && isInexact(digits) ? digits : undefined;
}

/** The fewest digits of an integer above 2^53. */
const fewestDigits = 16;
const longRun = new RegExp(`\\d{${fewestDigits}}`);

/** Whether digits, with or without a sign, are an integer that a 64-bit float does not hold. */
export function isInexact(digits: string): boolean {
  if (digits.length < fewestDigits || !/^-?\d+$/.test(digits)) return false;
  const number = Number(digits);
  // Beyond all floats is infinite, which every reader of numbers refuses by itself.
  return Number.isFinite(number) && String(number) !== digits && BigInt(number) !== BigInt(digits);
}

/** What stands for an integer that a 64-bit float does not hold. */
export function inexactInteger(digits: string): object {
  return new InexactInteger(digits);
}

/**
 * JSON text in which such integers are marked; the text itself where it holds none, which mostly costs one search for a
 * run of digits. What is not JSON stays what it is, for `JSON.parse` to refuse.
 */
export function markInexactIntegers(text: string): string {
  if (!longRun.test(text)) return text;
  const pieces: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at);
    if (character === '"') at = endOfString(text, at);
    else if (isOfNumber(text, at)) {
      const start = at;
      while (isOfNumber(text, at)) at++;
      const number = text.slice(start, at);
      if (!isInexact(number)) continue;
      pieces.push(text.slice(kept, start), JSON.stringify({ [markerKey]: number }));
      kept = at;
    } else at++;
  }
  return pieces.length === 0 ? text : pieces.join("") + text.slice(kept);
}

/** Behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charAt(end - 1 - escapes) === "\\") escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

/** Whether the character is one of a number's, its sign, fraction and exponent included. */
function isOfNumber(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  // The digits, `+`, `-`, `.`, `E` and `e`; a letter of `true` or `false` alone is never long enough to matter.
  return (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46 || code === 69 || code === 101;
}

/** `JSON.parse` of text in which `markInexactIntegers` has marked what a 64-bit float does not hold. */
export function parseMarkedJson(text: string): unknown {
  if (!text.includes(markerKey)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown) => {
    const digits = inexactDigits(value);
    return digits === undefined ? value : new InexactInteger(digits);
  });
}

/** `JSON.parse`, but an integer that a 64-bit float does not hold becomes a marker instead of its neighbour. */
export function parseJson(text: string): unknown {
  return parseMarkedJson(markInexactIntegers(text));
}
