/**
 * Integers that a 64-bit float cannot hold. `JSON.parse` rounds `9007199254740993` to `…992` without a word, and a row's
 * id or a label would be another number than the one sent. `markInexactIntegers` replaces them in JSON text by a marker,
 * which every check of a number then refuses with the digits as they were sent.
 *
 * Only integers written in digits alone count: a fraction or an exponent asks for rounding. Those that are exact, such as
 * 2^60, pass.
 */
export interface InexactInteger {
  /** The number as it was sent. */
  digits: string;
}

const markerKey = "perennial:inexactInteger";

/** Made by `reviveInexactIntegers`: GraphQL's own messages show what `toJSON` answers. */
class Marked implements InexactInteger {
  /** An own property under the marker's key, so that a copy sent to another thread is still recognised. */
  [markerKey]: string;

  constructor(readonly digits: string) {
    this[markerKey] = digits;
  }

  toJSON(): string {
    return this.digits;
  }
}

/** Whether a value stands for an integer that was sent and that 64-bit floats do not hold. */
export function isInexactInteger(value: unknown): value is InexactInteger {
  const isObject = typeof value === "object" && value !== null;
  return isObject && Object.hasOwn(value, markerKey) && "digits" in value && typeof value.digits === "string";
}

/** The fewest digits of an integer above 2^53. */
const fewestDigits = 16;
const longRun = new RegExp(`\\d{${fewestDigits}}`);

/** Whether digits, with or without a sign, are an integer that a 64-bit float does not hold. */
export function isInexact(digits: string): boolean {
  if (digits.length < fewestDigits || !/^-?\d+$/.test(digits)) return false;
  const number = Number(digits);
  // Beyond all floats is infinite, which every reader of numbers refuses by itself.
  return Number.isFinite(number) && BigInt(number) !== BigInt(digits);
}

/** What stands for an integer that a 64-bit float does not hold. */
export function inexactInteger(digits: string): InexactInteger {
  return new Marked(digits);
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

/** A reviver for `JSON.parse` that makes values of the markers in text that `markInexactIntegers` has changed. */
export function reviveInexactIntegers(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, markerKey)) return value;
  const digits = (value as Record<string, unknown>)[markerKey];
  return typeof digits === "string" && isInexact(digits) ? new Marked(digits) : value;
}

/** `JSON.parse`, but integers that a 64-bit float does not hold become `InexactInteger`. */
export function parseJson(text: string): unknown {
  const marked = markInexactIntegers(text);
  return marked === text ? JSON.parse(text) : JSON.parse(marked, reviveInexactIntegers);
}
