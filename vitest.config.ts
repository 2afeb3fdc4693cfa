import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // Node resolves `graphql` for Apollo to its CommonJS files; two copies of graphql refuse each other's schemas.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: fileURLToPath(new URL("./node_modules/graphql/index.js", import.meta.url)) },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    // One embedded Postgres for the run; test/support/database.ts copies a migrated database for each file.
    globalSetup: ["test/support/global-setup.ts"],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Two cores: each file may start processes of its own, so files run two at a time.
    maxWorkers: 2,
    reporters: ["default", ["json", { outputFile: "test-report.json" }]],
  },
});
