import type { Provider } from "../entities/device.js";
import { warmUp } from "../trainer/warm-up.js";
import { createExecutor } from "./compute.js";
import { readConfig } from "./config.js";

/**
 * `node dist/programs/probe.js <provider> <uuid>`: trains a tiny net on a device, started by a worker. Exit code 0 means
 * that the device works. A driver that crashes ends only this process and not the worker.
 */
const [provider, uuid] = process.argv.slice(2);
try {
  const device = { provider: provider as Provider, uuid: uuid || null };
  await warmUp(createExecutor(readConfig(process.env), device, 1));
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`, () => process.exit(1));
}
