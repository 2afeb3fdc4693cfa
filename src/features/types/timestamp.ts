import { parseTimestamp } from "../../language/fields/instant.js";
import { shown } from "../../language/fields/wording.js";
import { cyclesOf } from "../values/calendar.js";
import { columnOf } from "../values/column.js";
import { affine, fitScaling, secondsOf } from "../values/scaling.js";
import { instantBytes } from "../values/spelled-bytes.js";
import { instantSpelling, spelledInstant } from "../values/spellings.js";
import { columnStatistics } from "../values/statistics.js";
import type { Codec, Numbers } from "./codec.js";
import { writeNumbers } from "./number.js";

const expected = 'a date and time in ISO 8601 with a zone, such as "2026-03-01T12:00:00Z", or a date';

/** The milliseconds that a date of ECMAScript can lie away from 1970. */
const maximumInstant = 8.64e15;

/** TIMESTAMP: an instant, as the milliseconds since 1970 in UTC. See `features/timestamp.ts` for what users write. */
export const timestamp: Codec = {
  expected: () => expected,
  check: () => (at, key, value) => {
    if (typeof value === "string" && parseTimestamp(value) !== undefined) return true;
    at.add("BAD_TYPE", () => `must be ${expected}, got ${shown(value)}.`, key);
    return false;
  },
  spelled: (_feature, spelling) => (text) => {
    if (parseTimestamp(text) !== undefined) return text;
    const milliseconds = spelledInstant(text, spelling);
    return milliseconds === undefined ? undefined : new Date(milliseconds).toISOString();
  },
  spelledBytes: instantBytes,
  spellingOf: instantSpelling,
  store: { form: "NUMBERS", isList: false, numbers: () => instants },
  fit: (input, { table, indices, semantics }) =>
    fitScaling(input.preprocessing, semantics, () => {
      const column = columnOf(table, { name: input.feature, shape: [] });
      return columnStatistics(column.map(secondsOf), 1, 1, indices);
    }),
  encode(input, fitted, { table, indices }, { encoded, offset, stride }) {
    const column = columnOf(table, { name: input.feature, shape: [] });
    const { center, scale } = affine(fitted, 1);
    for (let row = 0; row < indices.length; row++) {
      const seconds = secondsOf(column[indices[row] ?? 0] ?? 0);
      const start = row * stride + offset;
      encoded[start] = (seconds - (center[0] ?? 0)) / (scale[0] ?? 1);
      if (fitted.method === "CALENDAR") cyclesOf(seconds, encoded, start + 1);
    }
  },
};

const instants: Numbers = {
  write: (value, column, position) =>
    writeNumbers(typeof value === "string" ? parseTimestamp(value) : undefined, column, position),
  read: (column, position) => new Date(column[position] ?? Number.NaN).toISOString(),
  fits: (number) => Number.isInteger(number) && Math.abs(number) <= maximumInstant,
  file: {
    type: "TIMESTAMP WITH TIME ZONE",
    value: (milliseconds) => milliseconds,
    number: (value) => (typeof value === "number" ? value : undefined),
    misfit: "is no instant to the millisecond",
  },
};
