import type { Placement, Vectorization } from "../../language/preprocessing/preprocessing.js";

/** Beside Unicode's punctuation, the characters of ASCII that Keras takes for it; emoji and other symbols stay. */
const punctuation = /[\p{P}$+<=>^`|~]/gu;

/**
 * The tokens of a text, in their order. Lower case and white space are Unicode's, whatever the host's language; a token
 * is never empty. Removed punctuation leaves no gap: `don't` becomes `dont`, as in Keras.
 */
export function tokensOf(text: string, { standardize, split }: Pick<Vectorization, "standardize" | "split">): string[] {
  let standard = text;
  if (standardize !== "NONE") standard = standard.normalize("NFC").toLowerCase();
  if (standardize === "LOWER_AND_STRIP_PUNCTUATION") standard = standard.replace(punctuation, "");
  // By code points: an emoji outside the first plane is one character, not two halves.
  return split === "CHARACTER" ? Array.from(standard) : standard.split(/\s+/u).filter((token) => token !== "");
}

const fnvOffset = 0x811c9dc5;
const fnvPrime = 0x01000193;

/**
 * The bin of a token: its FNV-1a hash of 32 bits over the UTF-8 bytes, modulo the count of bins. The definition must never
 * change, because trained models depend on it. http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function hashBin(token: string, bins: number): number {
  let hash = fnvOffset;
  for (const byte of Buffer.from(token, "utf8")) hash = Math.imul(hash ^ byte, fnvPrime);
  return (hash >>> 0) % bins;
}

/** Where elements go that are brought to one count. */
export interface Span {
  /** The first element that stays, and how many do. */
  from: number;
  count: number;
  /** The place that the first of them has. */
  at: number;
}

/** Which of `length` elements stay, and where they go; see `Placement`. */
export function spanOf(length: number, { maxLength, padding, truncating }: Placement): Span {
  const count = Math.min(length, maxLength);
  return { from: truncating === "PRE" ? length - count : 0, count, at: padding === "PRE" ? maxLength - count : 0 };
}
