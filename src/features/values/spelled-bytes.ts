import type { Spelling } from "./spellings.js";

/**
 * Reads what a text of ASCII spells, which lies between two places of a file's bytes, as the number that a column holds of
 * it: what `spellings.ts` reads, a tenth as slow, for its most frequent forms. NaN for any other text, which may be a value
 * nevertheless.
 */
export type BytesReader = (bytes: Buffer, start: number, end: number) => number;

const [minus, point] = [45, 46];

/** Digits of a number that, read as a whole number, stay exact; and so does 10 to the power of so many. */
const exactDigits = 15;
const powers = Array.from({ length: exactDigits + 1 }, (_, exponent) => 10 ** exponent);

/** Whole numbers and decimal ones, such as `-12` and `5.25`. */
export function numberBytes({ decimal }: Spelling): BytesReader {
  const takesPoint = decimal !== ",";
  return (bytes, start, end) => {
    const isNegative = bytes[start] === minus;
    const first = isNegative ? start + 1 : start;
    let [whole, digits, fraction] = [0, 0, -1];
    for (let at = first; at < end; at++) {
      const digit = (bytes[at] as number) - 48;
      if (digit >= 0 && digit <= 9) {
        whole = whole * 10 + digit;
        digits++;
      } else if (digit === point - 48 && fraction < 0 && takesPoint) fraction = digits;
      else return Number.NaN;
    }
    if (digits === 0) return Number.NaN;
    if (digits <= exactDigits) {
      // Of two exact numbers, the quotient is the float that is nearest to the decimal number.
      const number = fraction < 0 ? whole : whole / (powers[digits - fraction] as number);
      return isNegative ? -number : number;
    }
    // A long whole number may be one that floats do not hold.
    if (fraction < 0) return Number.NaN;
    const number = Number(bytes.toString("latin1", start, end));
    return Number.isFinite(Math.fround(number)) ? number : Number.NaN;
  };
}

const [hyphen, colon, blank, letterT, letterZ] = [minus, 58, 32, 84, 90];

/** Dates, and instants in UTC: `2013-01-01`, `2013-01-01 05:00`, `2013-01-01T05:00:00`, `2013-01-01T05:00:00.125Z`. */
export function instantBytes(): BytesReader {
  return (bytes, start, end) => {
    const length = end - start;
    if (length < 10 || bytes[start + 4] !== hyphen || bytes[start + 7] !== hyphen) return Number.NaN;
    const year = two(bytes, start) * 100 + two(bytes, start + 2);
    const [month, day] = [two(bytes, start + 5), two(bytes, start + 8)];
    const midnight = midnightOf(year, month, day);
    if (length === 10) return midnight;
    if (length < 16 || (bytes[start + 10] !== blank && bytes[start + 10] !== letterT)) return Number.NaN;
    if (bytes[start + 13] !== colon) return Number.NaN;
    const [hour, minute] = [two(bytes, start + 11), two(bytes, start + 14)];
    let [second, milliseconds, at] = [0, 0, start + 16];
    if (at < end && bytes[at] === colon) {
      if (length < 19) return Number.NaN;
      second = two(bytes, at + 1);
      at += 3;
      if (at < end && bytes[at] === point) {
        let [digits, digit] = [0, 0];
        for (at++; at < end; at++) {
          digit = (bytes[at] as number) - 48;
          if (!(digit >= 0 && digit <= 9)) break;
          // Finer fractions are cut off.
          if (digits < 3) milliseconds += digit * (powers[2 - digits] as number);
          digits++;
        }
        if (digits === 0 || digits > 9) return Number.NaN;
      }
    }
    if (at < end && bytes[at] === letterZ) at++;
    if (at !== end || !(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
    return midnight + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds;
  };
}

/** NaN unless both are digits. */
function two(bytes: Buffer, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - 48, (bytes[at + 1] as number) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

const daysOfMonths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Before the first day of each month in a year that is no leap year. */
const daysBefore = daysOfMonths.map((_, month) => daysOfMonths.slice(0, month).reduce((sum, days) => sum + days, 0));
const daysBefore1970 = 719_162;

/** Milliseconds since 1970 in the Gregorian calendar; NaN for no day of it. */
function midnightOf(year: number, month: number, day: number): number {
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1)) return Number.NaN;
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > (daysOfMonths[month - 1] as number) + (month === 2 && isLeap ? 1 : 0)) return Number.NaN;
  const past = year - 1;
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
  const before = 365 * past + leapDays + (daysBefore[month - 1] as number) + (month > 2 && isLeap ? 1 : 0);
  return (before + day - 1 - daysBefore1970) * 86_400_000;
}
