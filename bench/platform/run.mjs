// What the platform bears: every section of bench/platform/sections, each on a fresh database in an embedded Postgres of
// its own, on loopback. `npm run bench:platform`, or `-- --sections metrics,fan-out` for a few.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "../engine/report.mjs";
import { openDatabases } from "./databases.mjs";
import { markdown, table } from "./report.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const available = readdirSync(here("sections"))
  .filter((file) => file.endsWith(".mjs"))
  .map((file) => path.basename(file, ".mjs"))
  .sort();
const { values: options } = parseArgs({
  options: { sections: { type: "string" }, out: { type: "string", default: here("../results/") } },
});
const wanted = options.sections?.split(",") ?? available;
const unknown = wanted.filter((name) => !available.includes(name));
if (unknown.length > 0) {
  console.error(`There is no section ${unknown.join(", ")}; there are ${available.join(", ")}.`);
  process.exit(2);
}

const directory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-platform-"));
const databases = await openDatabases(directory);
const sections = [];
let failed = false;
try {
  for (const name of wanted) {
    const { title, run } = await import(new URL(`sections/${name}.mjs`, import.meta.url));
    console.log(`\n${title}`);
    const started = performance.now();
    const context = { databaseUrl: () => databases.create(), log: (line) => console.log(`  ${line}`) };
    try {
      const results = await run(context);
      sections.push({ name, title, seconds: (performance.now() - started) / 1_000, results });
      console.log(table(results));
    } catch (error) {
      failed = true;
      sections.push({ name, title, seconds: (performance.now() - started) / 1_000, results: [], error: error.message });
      console.error(error);
    }
  }
} finally {
  await databases.close();
  rmSync(directory, { recursive: true, force: true });
}

const report = {
  date: new Date().toISOString(),
  machine: { ...describeMachine(undefined), versions: { node: process.versions.node, postgres: databases.version } },
  sections,
};
// A few sections are a look, not the results.
if (wanted.length === available.length || options.out !== here("../results/")) {
  mkdirSync(options.out, { recursive: true });
  writeFileSync(path.join(options.out, "platform.json"), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(path.join(options.out, "platform.md"), markdown(report));
}
const missed = sections.flatMap(({ results }) => results.filter(({ goal, holds }) => goal !== undefined && !holds));
for (const { name } of missed) console.log(`Not reached: ${name}`);
process.exitCode = failed || missed.length > 0 ? 1 : 0;
