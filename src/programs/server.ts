import { fileURLToPath } from "node:url";
import type { DataSource } from "typeorm";
import { loadOrCreateOperatorKey } from "../auth/operator-key.js";
import { watchRetrainings } from "../continual/watch.js";
import { openDatabase } from "../db/database.js";
import { PlatformError } from "../errors.js";
import { watchGarbage } from "../garbage/watch.js";
import { createContext, type Platform } from "../graphql/context/context.js";
import { createSchema } from "../graphql/schema.js";
import { dropped, unawaited } from "../guarded.js";
import { watchExports, watchImports } from "../imports/queue/watch.js";
import { createIntake } from "../intake/intake.js";
import type { Logger } from "../logger.js";
import { listen } from "../pubsub/wakeups.js";
import { startReaper } from "../scheduler/reaper.js";
import { liveWorkers } from "../scheduler/workers.js";
import { servedVersionLimits } from "../serving/limits.js";
import { createPlanner } from "../serving/plan.js";
import { createPredictor } from "../serving/predictor.js";
import type { FileStore } from "../storage/file-store.js";
import type { Readiness } from "../transport/health.js";
import { startHttpServer } from "../transport/http.js";
import type { UploadReceiver } from "../transport/upload-route.js";
import { uploadLimits } from "../uploads/limits.js";
import { openUpload, receiveUpload, type UploadTarget } from "../uploads/receive.js";
import { environmentOf } from "./child-environment.js";
import type { Config } from "./config.js";
import { closeAll } from "./lifecycle.js";
import { openStore } from "./store.js";
import { assertSameStore } from "./store-marker.js";

/** A busy server may pause this long in the middle of a transaction. */
const leastIdleSeconds = 2;

export interface RunningServer {
  url: string;
  operatorKey: string;
  close(): Promise<void>;
}

/**
 * Composition root of the server: GraphQL, the reaper of expired leases, retraining policies and garbage collection.
 *
 * @param withWorker whether the process has a worker too.
 */
export async function startServer(
  config: Config,
  databaseUrl: string,
  logger: Logger,
  withWorker = true,
  env: NodeJS.ProcessEnv = process.env,
): Promise<RunningServer> {
  const closers: (() => Promise<void>)[] = [];
  const close = () => closeAll(closers);
  try {
    const operatorKey = config.operatorKey ?? (await loadOrCreateOperatorKey(config.dataDirectory, logger));
    let url = "";
    const store = await openStore(config, () => url, logger);
    // If a server is stopped in the middle of a transaction, its locks must be released before leases run out whose renewal
    // waits for these locks.
    const opening = openDatabase({
      url: databaseUrl,
      idleTransactionSeconds: Math.max(config.leaseSeconds / 2, leastIdleSeconds),
    });
    // Awaited below; a failure while the schema is built is no unhandled one.
    unawaited(opening, dropped);
    // It is built while the database connects.
    const schema = createSchema();
    const db = await opening;
    closers.push(() => db.destroy());
    await assertSameStore(db, store, "server");
    const wakeups = await listen({ url: databaseUrl, logger });
    closers.push(() => wakeups.close());
    const intake = createIntake();
    closers.push(() => intake.close());
    const predictor = createPredictor({
      ...{ db, store, decodeImages: intake.decode },
      limits: { ...servedVersionLimits, bytes: config.servingMemoryMib * 2 ** 20 },
    });
    closers.push(() => predictor.close());
    const planner = createPlanner({
      db,
      devices: async () => (await liveWorkers(db)).flatMap((worker) => worker.devices),
    });
    closers.push(() => planner.close());
    const reader = {
      modulePath: fileURLToPath(new URL("./reader.js", import.meta.url)),
      env: { ...environmentOf(env, "reader"), PERENNIAL_DATA_DIR: config.dataDirectory },
    };
    const platform: Platform = { db, store, wakeups, predictor, planner, intake, reader, logger };
    const imports = watchImports({ db, wakeups, reader, logger });
    closers.push(() => imports.stop());
    const exports = watchExports({ db, wakeups, reader, logger });
    closers.push(() => exports.stop());
    const reaper = startReaper({ db, logger, seconds: config.leaseSeconds });
    closers.push(() => reaper.stop());
    const watch = watchRetrainings({ db, wakeups, logger });
    closers.push(() => watch.stop());
    const garbage = watchGarbage({ db, store, logger });
    closers.push(() => garbage.stop());
    const http = await startHttpServer({
      ...{ schema, createContext: (request) => createContext(platform, request), operatorKey, logger },
      ...{ host: config.host, port: config.port },
      ...{ allowedHosts: config.allowedHosts, allowedOrigins: config.allowedOrigins },
      intake,
      uploads: receiverOf({ db, store }),
      readiness: () => readiness(db, withWorker),
      openArtifact: store.kind === "file" ? (pathAndQuery) => openArtifact(store, pathAndQuery) : undefined,
    });
    closers.push(() => http.close());
    url = http.url;
    return { url, operatorKey, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What the transport puts uploads into. */
export function receiverOf(target: UploadTarget): UploadReceiver {
  return {
    maximumBytes: uploadLimits.bytes,
    stalledMs: uploadLimits.stalledMs,
    receive: async (id, signed, source) => receiveUpload(target, await openUpload(target, id, signed), source()),
  };
}

/** A signed file, named by the last part of its key. */
export async function openArtifact(store: FileStore, pathAndQuery: string) {
  const opened = await store.openSigned(pathAndQuery);
  if ("refused" in opened) return { ...opened, message: refusals[opened.refused] };
  const { key, sha256 } = opened;
  return { ...opened, filename: key.slice(key.lastIndexOf("/") + 1), digest: sha256 && `sha256:${sha256}` };
}

const refusals = {
  BAD_SIGNATURE: "the URL was not signed by this platform",
  EXPIRED: "the URL has expired; ask for the artifact again",
  NOT_FOUND: "there is no such file",
};

/**
 * Ready means that Postgres answers and, where the process was started with a worker, that one is alive: a run queued now
 * would be trained. A server alone does not wait for workers elsewhere.
 *
 * @throws PlatformError DATABASE_UNAVAILABLE
 */
async function readiness(db: DataSource, withWorker: boolean): Promise<Readiness> {
  try {
    const workers = await liveWorkers(db);
    return workers.length > 0 || !withWorker
      ? { ready: true, reasons: [] }
      : { ready: false, reasons: ["no worker is alive"] };
  } catch (cause) {
    throw new PlatformError("DATABASE_UNAVAILABLE", "Postgres does not answer", {}, { cause });
  }
}
