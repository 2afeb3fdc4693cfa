import { fileURLToPath } from "node:url";
import { loadOrCreateOperatorKey } from "./auth/operator-key.js";
import type { Config } from "./config.js";
import { openDatabase } from "./db/database.js";
import { closeAll } from "./lifecycle.js";
import type { Logger } from "./logger.js";
import { listen } from "./pubsub/wakeups.js";
import { assertSameStore } from "./same-store.js";
import { openStore } from "./store.js";
import { detectDevices } from "./worker/devices.js";
import { thisHost } from "./worker/host.js";
import { startSupervisor } from "./worker/supervisor.js";
import { createTrainerPool } from "./worker/trainer-pool.js";

export interface RunningWorker {
  close(): Promise<void>;
}

/**
 * Composition root of a worker: it claims runs and has trainers execute them.
 *
 * @throws PlatformError BAD_INPUT when its object store is not the platform's; UNSUPPORTED when it has nothing to compute on.
 */
export async function startWorker(
  config: Config,
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
  logger: Logger,
): Promise<RunningWorker> {
  const closers: (() => Promise<void>)[] = [];
  const close = () => closeAll(closers);
  const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  try {
    const devices = await detectDevices({
      setting: deviceSetting(config),
      cpuSlots: config.slots,
      probeCpu: config.executor === "tensorflow",
      host: thisHost({ env, probePath: program("./probe.js") }),
      logger,
    });
    const trainers = createTrainerPool({
      modulePath: program("./trainer.js"),
      env: { ...env, PERENNIAL_DATA_DIR: config.dataDirectory },
      logger,
    });
    closers.push(() => trainers.close());
    const db = await openDatabase({ url: databaseUrl, poolSize: config.slots + devices.length + 4 });
    closers.push(() => db.destroy());
    const operatorKey = config.operatorKey ?? (await loadOrCreateOperatorKey(config.dataDirectory));
    await assertSameStore(db, await openStore(config, operatorKey, () => ""), "worker");
    const wakeups = await listen({ url: databaseUrl, logger });
    closers.push(() => wakeups.close());
    const supervisor = await startSupervisor({ db, wakeups, trainers, devices, logger });
    closers.push(() => supervisor.drain());
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The reference runs on a CPU only, and TensorFlow knows no WebGPU. */
function deviceSetting({ executor, devices }: Config): Config["devices"] {
  if (executor === "eager" || (executor === "tensorflow" && devices === "webgpu")) return "cpu";
  return devices;
}
