import { defineConfig } from "vitest/config";
import root from "../../../vitest.config.js";

/** Only for `npm run test:sweep`, which takes about an hour: `npm test` takes a sample of it. */
export default defineConfig({
  ...{ root: import.meta.dirname, resolve: root.resolve },
  test: { include: ["*.suite.ts"], globalSetup: ["../../support/global-setup.ts"], testTimeout: 6 * 3_600_000 },
});
