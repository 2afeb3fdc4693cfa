import { type ChildProcess, execFile, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const entry = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));

/** `node dist/programs/up.js worker`, as an operator starts it on a host of its own. */
export interface WorkerProcess {
  pid: number;
  child: ChildProcess;
  /** Everything it has printed. */
  output(): string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals | null>;
}

export interface WorkerSettings {
  databaseUrl: string;
  dataDirectory: string;
  leaseSeconds: number;
  slots?: number;
  /** Changes to its environment. */
  env?: NodeJS.ProcessEnv;
  /** What a shell does before it becomes the worker. */
  before?: string;
}

/** Starts a worker, and resolves when it takes runs. @throws Error with what it printed when it ends before. */
export async function startWorkerProcess(settings: WorkerSettings): Promise<WorkerProcess> {
  const worker = spawnWorker(settings);
  await new Promise<void>((resolve, reject) => {
    worker.child.stdout?.on("data", () => worker.output().includes("Perennial is up") && resolve());
    void worker.exited.then((end) => reject(new Error(`the worker ended with ${end}: ${worker.output()}`)));
  });
  return worker;
}

/** Starts a worker without waiting for anything. */
export function spawnWorker(settings: WorkerSettings): WorkerProcess {
  const { databaseUrl, dataDirectory, leaseSeconds, slots = 1, before } = settings;
  const env = {
    ...process.env,
    ...settings.env,
    ...{ DATABASE_URL: databaseUrl, PERENNIAL_DATA_DIR: dataDirectory, PERENNIAL_DEVICES: "cpu" },
    ...{ PERENNIAL_LEASE_SECONDS: String(leaseSeconds), PERENNIAL_SLOTS: String(slots), LOG_LEVEL: "warn" },
  };
  const command = [process.execPath, entry, "worker"];
  const [program = "", ...args] = before ? ["sh", "-c", `${before} && exec "$@"`, "sh", ...command] : command;
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text += chunk;
    });
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once("exit", (code, signal) => resolve(signal ?? code)),
  );
  return { pid: child.pid as number, child, output: () => text, exited };
}

/** The trainers below a process that have a run, by its id. */
export async function trainersOf(parent: number): Promise<{ pid: number; runId: string }[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,args="]);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, ppid, runId] = /^\s*(\d+)\s+(\d+)\s.*trainer (run_\S+)/.exec(line) ?? [];
    if (Number(ppid) !== parent || !runId || /^run_[0-]+$/.test(runId)) return [];
    return [{ pid: Number(pid), runId }];
  });
}

/** Whether a process is there and not a zombie. */
export async function isAlive(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)]).catch(() => ({ stdout: "" }));
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}
