import { type DataSource, In } from "typeorm";
import { Run } from "../entities/run.js";
import { Worker } from "../entities/worker.js";

/** Makes a worker and its devices visible. */
export async function registerWorker(
  db: DataSource,
  worker: Pick<Worker, "id" | "host" | "pid" | "devices">,
): Promise<void> {
  const slots = worker.devices.reduce((sum, device) => sum + device.slots, 0);
  await db.manager.insert(Worker, { ...worker, slots });
}

export async function workerHeartbeat(db: DataSource, workerId: string): Promise<void> {
  await db.query("UPDATE worker SET heartbeat_at = clock_timestamp() WHERE id = $1", [workerId]);
}

/** A worker that ended in order leaves no entry behind. */
export async function unregisterWorker(db: DataSource, workerId: string): Promise<void> {
  await db.manager.delete(Worker, workerId);
}

/** Workers heard from within the last 15 s, or what else is given. */
export function liveWorkers(db: DataSource, withinSeconds = 15): Promise<Worker[]> {
  return db.manager
    .createQueryBuilder(Worker, "worker")
    .where("worker.heartbeat_at > clock_timestamp() - make_interval(secs => :withinSeconds)", { withinSeconds })
    .orderBy("worker.started_at")
    .getMany();
}

/** The runs that each worker executes now, first the one that began first. One statement, however many workers. */
export async function runsInExecution(db: DataSource, workerIds: readonly string[]): Promise<Map<string, Run[]>> {
  const runs = await db.manager.find(Run, {
    where: { workerId: In([...workerIds]), state: In(["RUNNING", "CANCELING"]) },
    order: { startedAt: "ASC", id: "ASC" },
  });
  const byWorker = new Map(workerIds.map((id): [string, Run[]] => [id, []]));
  for (const run of runs) byWorker.get(run.workerId ?? "")?.push(run);
  return byWorker;
}
