import { defineConfig } from "vitest/config";
import root from "../../vitest.config.js";

/** For `npm run past`: writes what this release stores, for the tests of later ones. */
export default defineConfig({
  ...{ root: import.meta.dirname, resolve: root.resolve },
  test: { include: ["*.suite.ts"], testTimeout: 120_000 },
});
