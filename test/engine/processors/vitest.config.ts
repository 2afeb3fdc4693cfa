import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import "../../support/no-telemetry.js";

/**
 * For all engine tests of compiled nets on an emulated processor, about ten minutes; see docker/README.md. Threads, because
 * a process that an emulated one starts is not emulated.
 */
export default defineConfig({
  root: fileURLToPath(new URL("../../..", import.meta.url)),
  test: {
    include: ["test/engine/onnx/**/*.test.ts"],
    ...{ pool: "threads", maxWorkers: 1, isolate: false, testTimeout: 600_000 },
  },
});
