import { defineConfig } from "vitest/config";
import "../../support/no-telemetry.js";

/** Only for `npm run test:python`, which installs what these tests read with: `npm test` does not collect them. */
export default defineConfig({
  root: import.meta.dirname,
  test: { include: ["*.suite.ts"], testTimeout: 60_000, hookTimeout: 120_000 },
});
