import { defineConfig } from "vitest/config";
import "../../support/no-telemetry.js";

/** Only for `npm run tfjs-node`, which builds what these tests run on: `npm test` does not collect them. */
export default defineConfig({
  root: import.meta.dirname,
  test: { include: ["*.suite.ts"], testTimeout: 60_000, maxWorkers: 1 },
});
