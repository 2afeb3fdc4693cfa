import type { MessagePort } from "node:worker_threads";
import { PlatformError } from "../errors.js";
import { serveThread } from "../threads/serve-thread.js";
import { createThread } from "../threads/thread.js";
import type { CheckpointSaver } from "./checkpoint-writer.js";
import type { Store } from "./store.js";
import { type CheckpointBytes, type SaveOutcome, storeCheckpoint } from "./store-checkpoint.js";

type Request = { type: "SAVE"; file: CheckpointBytes } | { type: "RESERVE"; sizeBytes: number };
/** The memory of the file, or what was reserved. */
type Result = { outcome?: SaveOutcome; buffer: ArrayBuffer };

/** The thread's side: stores files, and gives the memory of each of them back. */
export function serveCheckpoints(port: MessagePort, openStore: () => Promise<Pick<Store, "put">>): void {
  let store: Pick<Store, "put"> | undefined;
  async function save(file: CheckpointBytes): Promise<SaveOutcome> {
    try {
      // A store that is unavailable now is opened again for the next file.
      store ??= await openStore();
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      return { type: "FAILED", code: error.code, message: error.message };
    }
    return storeCheckpoint(store, file);
  }
  async function handle(request: Request): Promise<Result> {
    if (request.type === "RESERVE") return { buffer: reserved(request.sizeBytes) };
    return { outcome: await save(request.file), buffer: request.file.buffer };
  }
  serveThread(port, async (request: Request) => {
    const result = await handle(request);
    return { result, transfer: [result.buffer] };
  });
}

/** Memory whose pages exist; none where there is not so much: a save then allocates what it needs itself. */
function reserved(sizeBytes: number): ArrayBuffer {
  try {
    const buffer = new ArrayBuffer(sizeBytes);
    // The system provides pages when they are written to.
    new Uint8Array(buffer).fill(0);
    return buffer;
  } catch {
    return new ArrayBuffer(0);
  }
}

/**
 * Starts the thread. The memory of a file moves there and back without being copied.
 *
 * @param url of the program that calls `serveCheckpoints`.
 */
export function startCheckpointThread(url: URL): CheckpointSaver {
  const thread = createThread<Request, Result>({ url, name: "the thread that stores checkpoints" });
  thread.start();
  return {
    async saveFile(file) {
      const { outcome, buffer } = await thread.call({ type: "SAVE", file }, [file.buffer]);
      if (!outcome) throw new Error("the thread that stores checkpoints did not say what became of one");
      return { outcome, buffer };
    },
    reserve: async (sizeBytes) => (await thread.call({ type: "RESERVE", sizeBytes })).buffer,
  };
}
