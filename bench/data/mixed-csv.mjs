// Tables as CSV, the same ones every time.
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** A counter-based random number in [0, 1): row and column decide. */
function uniform(row, column) {
  let word = Math.imul(row ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(column + 1, 0xc2b2ae35);
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) >>> 0) / 2 ** 32;
}

const two = (number) => String(number).padStart(2, "0");
const pick = (list, share) => list[Math.floor(share * list.length)];
const carriers = ["AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "OO", "UA", "US", "VX", "WN", "YV", "9E"];
const places = Array.from({ length: 300 }, (_, index) => `A${String(index).padStart(3, "0")}`);
const streets = Array.from(
  { length: 5_000 },
  (_, index) => `${pick(["Oak", "Main", "Hill", "Lake"], uniform(index, 99))} Street ${index}`,
);
const words = [
  "late",
  "crew",
  "gate",
  "weather",
  "closed",
  "held",
  "runway",
  "fuel",
  "bags",
  "missed",
  "door",
  "on time",
];
const day = (row, column) => new Date(1_356_998_400_000 + Math.floor(uniform(row, column) * 3_650) * 86_400_000);
const or = (share, row, column, text) => (uniform(row, column + 100) < share ? "" : text);

/** Twenty columns: numbers whole and not, with holes and without; words, places, flags, dates, instants, notes, ids. */
export const mixed = [
  { name: "id", type: "TEXT", text: (row) => `F${(row * 7_919 + 1_000_003).toString(36)}-${row}` },
  { name: "flight", type: "NUMBER", text: (row) => String(Math.floor(uniform(row, 1) * 9_000)) },
  { name: "carrier", type: "CATEGORY", text: (row) => pick(carriers, uniform(row, 2)) },
  { name: "origin", type: "CATEGORY", text: (row) => pick(places, uniform(row, 3)) },
  { name: "destination", type: "CATEGORY", text: (row) => pick(places, uniform(row, 4)) },
  {
    name: "departure",
    type: "TIMESTAMP",
    text: (row) =>
      `${day(row, 5).toISOString().slice(0, 10)} ${two(Math.floor(uniform(row, 6) * 24))}:${two(Math.floor(uniform(row, 7) * 60))}:00`,
  },
  { name: "booked", type: "TIMESTAMP", text: (row) => day(row, 8).toISOString().slice(0, 10) },
  {
    name: "delay",
    type: "NUMBER",
    nullable: true,
    text: (row) => or(0.03, row, 9, String(Math.round(uniform(row, 9) ** 4 * 1_000) - 40)),
  },
  { name: "distance", type: "NUMBER", text: (row) => String(90 + Math.floor(uniform(row, 10) * 4_900)) },
  { name: "fare", type: "NUMBER", text: (row) => (20 + uniform(row, 11) * 900).toFixed(2) },
  { name: "latitude", type: "NUMBER", text: (row) => (uniform(row, 12) * 180 - 90).toFixed(6) },
  { name: "longitude", type: "NUMBER", text: (row) => (uniform(row, 13) * 360 - 180).toFixed(6) },
  { name: "score", type: "NUMBER", text: (row) => String(uniform(row, 14)) },
  {
    name: "temperature",
    type: "NUMBER",
    nullable: true,
    text: (row) => or(0.1, row, 15, (uniform(row, 15) * 50 - 15).toFixed(1)),
  },
  { name: "seats", type: "NUMBER", text: (row) => pick(["50", "76", "128", "160", "189", "220"], uniform(row, 16)) },
  { name: "international", type: "BINARY", text: (row) => (uniform(row, 17) < 0.2 ? "true" : "false") },
  { name: "refundable", type: "BINARY", text: (row) => (uniform(row, 18) < 0.5 ? "yes" : "no") },
  {
    name: "class",
    type: "CATEGORY",
    nullable: true,
    text: (row) => or(0.05, row, 19, pick(["economy", "premium economy", "business", "first"], uniform(row, 19))),
  },
  { name: "street", type: "CATEGORY", text: (row) => pick(streets, uniform(row, 20)) },
  {
    name: "note",
    type: "TEXT",
    text: (row) => `"${[21, 22, 23, 24].map((column) => pick(words, uniform(row, column))).join(", ")}"`,
  },
];

/** A table of numbers, with this many columns. */
export const wide = (columns) =>
  Array.from({ length: columns }, (_, column) => ({
    name: `n${column}`,
    type: "NUMBER",
    text: (row) =>
      column % 4 === 0 ? String(Math.floor(uniform(row, column) * 100)) : uniform(row, column).toFixed(4),
  }));

/** Writes a CSV file of so many bytes at least, or of so many rows; answers its rows. */
export async function writeCsv(path, columns, { bytes = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY }) {
  const file = createWriteStream(path);
  let [written, row] = [0, 0];
  let text = `${columns.map(({ name }) => name).join(",")}\n`;
  while (row < rows && written < bytes) {
    const first = row;
    for (; row < rows && row < first + 2_000; row++) text += `${columns.map((column) => column.text(row)).join(",")}\n`;
    written += Buffer.byteLength(text);
    if (!file.write(text)) await once(file, "drain");
    text = "";
  }
  file.end();
  await finished(file);
  return row;
}

/** The features of a declaration. */
export const featuresOf = (columns) =>
  columns.map(({ name, type, nullable }) => ({ name, type, ...(nullable && { nullable }) }));
