import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../db/database.js";
import type { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import { listen } from "../pubsub/wakeups.js";
import { detectDevices } from "../worker/devices.js";
import { thisHost } from "../worker/host.js";
import { joinPlatform } from "../worker/membership.js";
import { watchOomKills } from "../worker/oom-kills.js";
import { createTrainerPool } from "../worker/trainer-pool.js";
import { environmentOf } from "./child-environment.js";
import type { Config } from "./config.js";
import { closeAll } from "./lifecycle.js";
import { openPrivateStore } from "./store.js";
import { assertSameStore } from "./store-marker.js";

export interface RunningWorker {
  /** Resolves when it can be no worker any more: SCHEMA_TOO_NEW, or LEASE_LOST where it is a process of its own. */
  failed: Promise<PlatformError>;
  close(): Promise<void>;
}

/**
 * Composition root of a worker: it claims runs and has trainers execute them.
 *
 * @param alone whether the process is this worker's only; then it ends when others took it for dead, and does not register
 * anew.
 * @throws PlatformError BAD_INPUT when its object store is not the platform's; UNSUPPORTED when it has nothing to compute on.
 */
export async function startWorker(
  config: Config,
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
  logger: Logger,
  alone: boolean,
): Promise<RunningWorker> {
  const closers: (() => Promise<void>)[] = [];
  const close = () => closeAll(closers);
  const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  try {
    const devices = await detectDevices({
      setting: deviceSetting(config),
      cpuSlots: config.slots,
      probeCpu: config.executor === "tensorflow",
      host: thisHost({ env: environmentOf(env, "device"), probePath: program("./probe.js") }),
      logger,
    });
    const oomKills = await watchOomKills({ readFile: (file) => readFile(file, "utf8"), logger });
    const trainers = createTrainerPool({
      modulePath: program("./trainer.js"),
      env: { ...environmentOf(env, "trainer"), PERENNIAL_DATA_DIR: config.dataDirectory },
      ...{ oomKills, logger },
    });
    closers.push(() => trainers.close());
    const db = await openDatabase({
      ...{ url: databaseUrl, poolSize: config.slots + devices.length + 4 },
      // Stopped in the middle of a transaction, it must not keep the sweep from its runs for longer than a lease.
      idleTransactionSeconds: config.leaseSeconds,
    });
    closers.push(() => db.destroy());
    // One that is swallowed by the network must leave time for the next within the lease.
    const renewals = await openDatabase({
      // One to hold the lock on migrations, and one to look for them.
      ...{ url: databaseUrl, poolSize: 2 },
      statementMs: Math.max(config.leaseSeconds * (1_000 / 3), leastStatementMs),
    });
    closers.push(() => renewals.destroy());
    await assertSameStore(db, await openPrivateStore(config), "worker");
    const wakeups = await listen({ url: databaseUrl, logger });
    closers.push(() => wakeups.close());
    const { leaseSeconds } = config;
    const membership = await joinPlatform({
      ...{ db, renewals, wakeups, trainers, devices, oomKills, leaseSeconds, logger },
      onLeaseLost: alone ? "END" : "REJOIN",
    });
    closers.push(() => membership.drain());
    return { failed: membership.failed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** On a busy machine, anything less is no sign of a lost connection. */
const leastStatementMs = 2_000;

/** The reference runs on a CPU only, and TensorFlow knows no WebGPU. */
function deviceSetting({ executor, devices }: Config): Config["devices"] {
  if (executor === "eager" || (executor === "tensorflow" && devices === "webgpu")) return "cpu";
  return devices;
}
