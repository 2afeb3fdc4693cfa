// What test/worker/slow-trainer.mjs is told: at which moments its thread stands still. Described in delays.d.mts.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

const fileOf = (dataDirectory) => path.join(dataDirectory, "delays");

export const readDelays = (dataDirectory) => JSON.parse(readFileSync(fileOf(dataDirectory), "utf8"));

export function writeDelays(dataDirectory, delays) {
  const file = fileOf(dataDirectory);
  const next = `${file}.${process.pid}`;
  writeFileSync(next, JSON.stringify(delays));
  renameSync(next, file);
}
