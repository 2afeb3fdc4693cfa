// The scheduler's simulation with more seeds, or one seed again: `npm run test:seeds -- 10000`, `npm run test:seeds -- 1 4711`.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [count = "10000", first = "1"] = process.argv.slice(2);
if (![count, first].every((text) => /^\d+$/.test(text))) {
  console.error("usage: npm run test:seeds -- [how many] [the first seed]");
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url)),
    "run",
    "test/scheduler/simulation.test.ts",
  ],
  { stdio: "inherit", env: { ...process.env, SCHEDULER_SEEDS: count, SCHEDULER_FIRST_SEED: first } },
);
process.exitCode = status ?? 1;
