import { setTimeout as delay } from "node:timers/promises";
import type { MortalPlatform } from "./platform.js";
import { declareAndFill, problems, succeeded, training } from "./story.js";

/** Long enough to be interrupted again and again. What it has done is only stored when it is. */
const long = {
  ...{ ...training, epochs: 1_000 },
  earlyStopping: { ...training.earlyStopping, patience: 1_000 },
  checkpoint: { everySeconds: 600, keep: training.checkpoint.keep },
};
/** The slot is needed for it at once. */
const urgent = { ...training, epochs: 1, seed: 8, priority: 1 };

interface LongRun {
  id: string;
  state: string;
  points: number;
  attempt: number;
  /** Of the worker that has it. */
  pid: number | null;
}

/** A training that is paused and resumed, makes room for an urgent one, and loses its worker to a SIGTERM. */
export async function liveThroughInterruptions(platform: MortalPlatform): Promise<void> {
  const { mutate, database } = platform;
  const oldest = async (): Promise<LongRun> => {
    const [run] = await database.db.query<LongRun[]>(
      `SELECT run.id, state, metric_head AS points, attempt, pid FROM run LEFT JOIN worker ON worker.id = worker_id
       ORDER BY run.created_at LIMIT 1`,
    );
    return run as LongRun;
  };
  const runAs = async (what: string, condition: (run: LongRun) => boolean): Promise<LongRun> => {
    for (const deadline = performance.now() + 60_000; performance.now() < deadline; await delay(10)) {
      const run = await oldest();
      if (condition(run)) return run;
    }
    throw new Error(`the run never ${what}: ${JSON.stringify(await oldest())}`);
  };
  const atWork = (points: number) =>
    runAs(`had ${points} points`, (run) => run.state === "RUNNING" && run.points >= points && run.pid !== null);

  await declareAndFill(platform);
  const train = (input: object) => mutate(`train(input: $input) { ${problems} }`, "TrainInput", { ...input });
  await train(long);

  const { id: runId } = await atWork(100);
  await mutate(`pauseRun(input: $input) { ${problems} }`, "PauseRunInput", { runId, idempotencyKey: "pause" });
  await runAs("was PAUSED", ({ state }) => state === "PAUSED");
  await mutate(`resumeRun(input: $input) { ${problems} }`, "ResumeRunInput", { runId, idempotencyKey: "resume" });

  const { points: paused } = await runAs("went on", ({ state }) => state === "RUNNING");
  await atWork(paused + 200);
  await train(urgent);
  const { points: preempted } = await runAs("made room", ({ state, attempt }) => state === "RUNNING" && attempt === 3);

  const { pid } = await atWork(preempted + 200);
  process.kill(pid as number, "SIGTERM");
  await succeeded(platform, 2);
  await assertResumed(platform, runId);
}

/** @throws Error unless each attempt but the first went on from where its predecessor was stopped. */
async function assertResumed({ database: { db } }: MortalPlatform, runId: string): Promise<void> {
  const events = await db.query<{ attempt: number; kind: string; message: string }[]>(
    "SELECT attempt, kind, message FROM run_event WHERE run_id = $1 AND kind IN ('RESUMED', 'CHECKPOINT_SAVED') ORDER BY seq",
    [runId],
  );
  const stepIn = (attempt: number, kind: string) =>
    Number(
      /\d+/.exec(events.findLast((event) => event.attempt === attempt && event.kind === kind)?.message ?? "")?.[0],
    );
  for (const attempt of [2, 3, 4])
    if (!(stepIn(attempt, "RESUMED") === stepIn(attempt - 1, "CHECKPOINT_SAVED")))
      throw new Error(`attempt ${attempt} did not go on where the one before was stopped: ${JSON.stringify(events)}`);
}
