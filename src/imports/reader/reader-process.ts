import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError } from "../../errors.js";
import { dropped, guarded, unawaited } from "../../guarded.js";
import { fromThreadError } from "../../threads/thread-error.js";
import type { Inference } from "../inference/infer.js";
import type { Exported } from "../writing/export.js";
import type { FromReader, LoadedSegment, LoadResult, ReaderTask, ToReader } from "./protocol.js";

export interface ReaderOptions {
  /** The program that calls `serveReader`. */
  modulePath: string;
  /** Its environment: it opens the object store, and nothing else. */
  env: NodeJS.ProcessEnv;
}

/** What a load is told to its server. */
export interface LoadEvents {
  /** Resolves when the key is noted, before an object is put under it. */
  note(key: string): Promise<void>;
  segment(segment: LoadedSegment): void;
  progress(rows: number, bytes: number): void;
}

/** The heap of a reader, in MiB. What DuckDB takes is bounded by its own setting. */
const heapMib = 1_536;

/**
 * Infers in a process of its own, which ends with the signal.
 *
 * @throws PlatformError DEADLINE_EXCEEDED, and OUT_OF_MEMORY where the process was killed.
 */
export async function inferFile(
  options: ReaderOptions,
  task: Extract<ReaderTask, { type: "INFER" }>,
  signal: AbortSignal,
): Promise<Inference> {
  return run(options, task, signal, (message, done) => {
    if (message.type === "INFERRED") done(message.inference);
  });
}

/** Exports in a process of its own, which ends with the signal. */
export async function exportFile(
  options: ReaderOptions,
  task: Extract<ReaderTask, { type: "EXPORT" }>,
  signal: AbortSignal,
  progress: (rows: number, bytes: number) => void,
): Promise<Exported> {
  return run(options, task, signal, (message, done) => {
    if (message.type === "EXPORTED") done(message.exported);
    else if (message.type === "PROGRESS") progress(message.rows, message.bytes);
  });
}

/** Loads in a process of its own, which ends with the signal. */
export async function loadFile(
  options: ReaderOptions,
  task: Extract<ReaderTask, { type: "LOAD" }>,
  signal: AbortSignal,
  events: LoadEvents,
): Promise<LoadResult> {
  return run(options, task, signal, (message, done, child) => {
    if (message.type === "LOADED") done(message.result);
    else if (message.type === "PROGRESS") events.progress(message.rows, message.bytes);
    else if (message.type === "SEGMENT") events.segment(message.segment);
    else if (message.type === "NOTE") {
      const { key } = message;
      const kill = guarded(() => child.kill("SIGKILL"), dropped);
      unawaited(
        events.note(key).then(() => tell(child, { type: "NOTED", key })),
        kill,
      );
    }
  });
}

function tell(child: ChildProcess, message: ToReader): void {
  if (child.connected) child.send(message, () => {});
}

/** All that a reader writes for itself lies in one folder, which goes with it, however it ends. */
async function run<Result>(
  options: ReaderOptions,
  task: ReaderTask,
  signal: AbortSignal,
  hear: (message: FromReader, done: (result: Result) => void, child: ChildProcess) => void,
): Promise<Result> {
  const folder = await mkdtemp(join(options.env.TMPDIR ?? tmpdir(), "perennial-reader-"));
  return runIn(folder, options, task, signal, hear);
}

function runIn<Result>(
  folder: string,
  { modulePath, env: given }: ReaderOptions,
  task: ReaderTask,
  signal: AbortSignal,
  hear: (message: FromReader, done: (result: Result) => void, child: ChildProcess) => void,
): Promise<Result> {
  const env = { ...given, TMPDIR: folder };
  // Left behind, it takes room and does no harm.
  const remove = () => unawaited(rm(folder, { recursive: true, force: true, maxRetries: 3 }), dropped);
  return new Promise<Result>((resolve, reject) => {
    if (signal.aborted) {
      remove();
      reject(signal.reason ?? new Error("the reader was stopped"));
      return;
    }
    const child = fork(modulePath, ["reader"], {
      ...{ env, serialization: "advanced" as const, stdio: ["ignore", "inherit", "inherit", "ipc"] },
      execArgv: [`--max-old-space-size=${heapMib}`],
    });
    const kill = guarded(() => child.kill("SIGKILL"), dropped);
    const failed = guarded((error: unknown) => {
      kill();
      reject(error);
    }, reject);
    const stop = guarded(() => failed(signal.reason ?? new Error("the reader was stopped")), reject);
    signal.addEventListener("abort", stop, { once: true });
    child.on(
      "message",
      guarded((message: unknown) => {
        const told = message as FromReader;
        if (told.type === "FAILED") failed(fromThreadError(told.error));
        else
          hear(
            told,
            (result) => {
              resolve(result);
              kill();
            },
            child,
          );
      }, failed),
    );
    const unstarted = guarded((error: unknown) => {
      remove();
      failed(error);
    }, dropped);
    child.on("error", unstarted);
    child.on(
      "exit",
      guarded((code: number | null, killedBy: NodeJS.Signals | null) => {
        signal.removeEventListener("abort", stop);
        remove();
        reject(ended(code, killedBy));
      }, dropped),
    );
    tell(child, { type: "TASK", task, folder });
  });
}

/** Node aborts when its heap is full. */
function ended(code: number | null, signal: NodeJS.Signals | null): PlatformError {
  if (signal === "SIGABRT" || signal === "SIGKILL" || code === 134)
    return new PlatformError("OUT_OF_MEMORY", "The process that read the file ran out of memory or was killed.");
  return new PlatformError("UNSUPPORTED", `The process that read the file ended early (${signal ?? code}).`);
}
