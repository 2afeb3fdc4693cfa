import { startPostgres } from "../embedded/postgres.js";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import type { Config } from "./config.js";
import { closeAll } from "./lifecycle.js";

// Since 1.29, ONNX Runtime tells its makers about every session, unless its process and all before it say otherwise. It is
// native code: a thread's own copy of the environment, or one for trainers alone, would come too late.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

/** What a process of the platform does. */
export const roles = ["server", "worker"] as const;
export type Role = (typeof roles)[number];

export interface RunningPlatform {
  /** Null without a server in this process. */
  server: { url: string; operatorKey: string } | null;
  /** Resolves when a part of it cannot go on, with the reason; the process should close it and end. */
  failed: Promise<PlatformError>;
  close(): Promise<void>;
}

/** Starts the given roles in this process, and Postgres with them unless DATABASE_URL names another. */
export async function startPlatform(options: {
  config: Config;
  env: NodeJS.ProcessEnv;
  logger: Logger;
  roles?: readonly Role[];
}): Promise<RunningPlatform> {
  const { config, env, logger } = options;
  const wanted = options.roles ?? roles;
  const closers: (() => Promise<void>)[] = [];
  const close = () => closeAll(closers);
  // Their code takes as long to load as Postgres takes to start.
  const loading = [
    wanted.includes("server") ? import("./server.js") : undefined,
    wanted.includes("worker") ? import("./worker.js") : undefined,
  ] as const;
  try {
    let { databaseUrl } = config;
    if (!databaseUrl && !wanted.includes("server"))
      throw new PlatformError(
        "BAD_INPUT",
        "a worker without a server needs DATABASE_URL: the database of its platform",
      );
    if (!databaseUrl) {
      const postgres = await startPostgres({ dataDirectory: config.dataDirectory, logger });
      closers.push(() => postgres.stop());
      databaseUrl = postgres.url;
    }
    const [serverProgram, workerProgram] = await Promise.all(loading);
    const server = serverProgram
      ? await serverProgram.startServer(config, databaseUrl, logger, workerProgram !== undefined, env)
      : null;
    if (server) closers.push(() => server.close());
    // Last to start, first to close: a draining worker's last writes need the database, and its clients the server.
    const worker = workerProgram ? await workerProgram.startWorker(config, databaseUrl, env, logger, !server) : null;
    if (worker) closers.push(() => worker.close());
    return { server, failed: worker?.failed ?? new Promise(() => {}), close };
  } catch (error) {
    await close();
    throw error;
  }
}
