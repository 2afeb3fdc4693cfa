import { limits } from "./limits.js";

/**
 * Instants as users write them: ISO 8601 with a zone, such as `2026-03-01T12:00:00Z` or `2026-03-01T14:00:00.5+02:00`. A
 * date alone, such as `2026-03-01`, is its midnight in UTC.
 *
 * Numbers are refused: 1767225600 does not say whether it counts seconds or milliseconds. A time of day without a zone is
 * refused too: it would be another instant on every server.
 */
const form = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d\d(?::?\d\d)?))?$/;

/** Milliseconds since 1970-01-01T00:00:00Z, finer fractions cut off; undefined for any other text. */
export function parseTimestamp(text: string): number | undefined {
  const parts = text.length <= limits.timestampLength ? form.exec(text) : null;
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0)) as Fields;
  const milliseconds = Number((parts[7] ?? "").padEnd(3, "0").slice(0, 3));
  const offset = offsetMinutes(parts[8] ?? "Z");
  if (offset === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  // `Date.UTC` takes the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  // February 30 has become a day of March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + milliseconds;
}

type Fields = [number, number, number, number, number, number];

function offsetMinutes(zone: string): number | undefined {
  if (zone.toUpperCase() === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith("-") ? -1 : 1) * (hours * 60 + minutes);
}
