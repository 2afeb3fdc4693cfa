// Writes what this release stores, for the tests of later ones: `npm run past -- <commit>`. See test/past/README.md.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const [release] = process.argv.slice(2);
if (!release || !/^[0-9A-Za-z.-]+$/.test(release)) {
  console.error("usage: npm run past -- <commit of the release>");
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url)),
    ...["run", "--config", "test/past/vitest.config.ts"],
  ],
  { stdio: "inherit", env: { ...process.env, PERENNIAL_PAST_RELEASE: release } },
);
process.exitCode = status ?? 1;
