import { fileURLToPath } from "node:url";
import type { Config } from "./config.js";
import { openDatabase } from "./db/database.js";
import { closeAll } from "./lifecycle.js";
import type { Logger } from "./logger.js";
import { listen } from "./pubsub/wakeups.js";
import { startSupervisor } from "./worker/supervisor.js";
import { createTrainerPool } from "./worker/trainer-pool.js";

export interface RunningWorker {
  close(): Promise<void>;
}

/** Composition root of a worker: it claims runs and has trainers execute them. */
export async function startWorker(
  config: Config,
  databaseUrl: string,
  env: NodeJS.ProcessEnv,
  logger: Logger,
): Promise<RunningWorker> {
  const closers: (() => Promise<void>)[] = [];
  const close = () => closeAll(closers);
  try {
    const trainers = createTrainerPool({
      modulePath: fileURLToPath(new URL("./trainer.js", import.meta.url)),
      env: { ...env, PERENNIAL_DATA_DIR: config.dataDirectory },
      logger,
    });
    closers.push(() => trainers.close());
    const db = await openDatabase({ url: databaseUrl, poolSize: config.slots + 4 });
    closers.push(() => db.destroy());
    const wakeups = await listen({ url: databaseUrl, logger });
    closers.push(() => wakeups.close());
    const supervisor = await startSupervisor({ db, wakeups, trainers, slots: config.slots, logger });
    closers.push(() => supervisor.drain());
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}
