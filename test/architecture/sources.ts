import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../src/", import.meta.url));

/** The files below `src/` in which a rule finds something. */
export function findInSources(rule: (text: string) => string[]): Set<string> {
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const found = files.filter((file) => rule(readFileSync(path.join(root, file), "utf8")).length > 0);
  return new Set(found.map((file) => file.split(path.sep).join("/")));
}
