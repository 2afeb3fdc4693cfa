/**
 * CALENDAR, what a network sees of an instant: how late it is, z-scored, and where it lies in the day, the week and the
 * year, each as sine and cosine, so that midnight is as near to 23:59 as to 0:01. In UTC; a week begins on Monday, and a
 * year has 365.2425 days from 1970 on, so that it stays within two days of the calendar's.
 *
 * Seven numbers: the instant; sine and cosine of the day; of the week; of the year.
 */
export const cycles = [
  { days: 1, offset: 0 },
  // 1970 began on a Thursday.
  { days: 7, offset: 3 },
  { days: 365.2425, offset: 0 },
] as const;

export const secondsPerDay = 86_400;

/** Sine and cosine of each cycle, for seconds since 1970, written to `into` from `position` on; default: a new list. */
export function cyclesOf<Into extends number[] | Float32Array = number[]>(
  seconds: number,
  into: Into = [] as number[] as Into,
  position = 0,
): Into {
  let next = position;
  for (const { days, offset } of cycles) {
    const turns = (seconds / secondsPerDay + offset) / days;
    const angle = 2 * Math.PI * (turns - Math.floor(turns));
    into[next++] = Math.sin(angle);
    into[next++] = Math.cos(angle);
  }
  return into;
}
