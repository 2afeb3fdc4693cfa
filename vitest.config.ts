import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import "./test/support/no-telemetry.js";
import { webgpuEnvironment } from "./test/support/webgpu.mjs";

/** What the WebGPU tests must be started with; without the device they are left out, not skipped one by one. */
const webgpu = webgpuEnvironment();
if (!webgpu) {
  console.log("Left out: the WebGPU tests. `node test/support/webgpu.mjs prepare` fetches a software device for them.");
}

// The libraries of the device must be known to the process before it starts.
const webgpuProject = (webgpu ? [webgpu] : []).map((env) => ({
  extends: true as const,
  // On a busy machine, translating its shaders takes a software device minutes.
  test: { name: "webgpu", include: ["test/**/*.webgpu.ts"], env, testTimeout: 300_000 },
}));

/** One embedded Postgres for the run; test/support/database.ts copies a migrated database for each file. */
const globalSetup = ["test/support/global-setup.ts"];

export default defineConfig({
  // Node resolves `graphql` for Apollo to its CommonJS files; two copies of graphql refuse each other's schemas.
  resolve: {
    alias: [
      { find: /^graphql$/, replacement: fileURLToPath(new URL("./node_modules/graphql/index.js", import.meta.url)) },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "perennial",
          include: ["test/**/*.test.ts"],
          exclude: ["test/reliability/**"],
          globalSetup,
          // Files share what they import: loading it anew for each of them would take longer than the tests.
          isolate: false,
        },
      },
      // What kills processes, waits for leases to run out, soaks or is emulated: `npm run test:reliability`,
      // one file at a time, because its bounds on time and memory are those of a machine with nothing else to do.
      {
        extends: true,
        test: {
          name: "reliability",
          include: ["test/reliability/**/*.test.ts", "test/**/*.reliability.ts"],
          globalSetup,
        },
      },
      ...webgpuProject,
    ],
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // Two cores: each file may start processes of its own, so files run two at a time.
    maxWorkers: 2,
    reporters: ["default", ["json", { outputFile: process.env.PERENNIAL_TEST_REPORT ?? "test-report.json" }]],
  },
});
