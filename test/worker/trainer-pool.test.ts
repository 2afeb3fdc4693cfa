import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { silent } from "../../src/logger.js";
import { createTrainerPool } from "../../src/worker/trainer-pool.js";

const modulePath = fileURLToPath(new URL("../../dist/programs/trainer.js", import.meta.url));
const oomKills = { soFar: async () => 0, claim: async () => false, close: async () => {} };

it("a pool that is closed while its spare trainer loads warns of nothing", async () => {
  const warnings: string[] = [];
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) };
  const pool = createTrainerPool({ modulePath, env: { ...process.env }, oomKills, logger });
  await pool.close();
  // The end of the trainer is told to everyone who waits for it within this turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

it("a spare trainer that ends by itself while it loads is warned of", async () => {
  const warnings: string[] = [];
  const logger = { ...silent, warn: (_: object, message: string) => void warnings.push(message) };
  const pool = createTrainerPool({ modulePath: "/nowhere/trainer.js", env: { ...process.env }, oomKills, logger });
  await expect.poll(() => warnings, { timeout: 20_000 }).toEqual(["the spare trainer did not start"]);
  await pool.close();
});
