import { type MessagePort, Worker } from "node:worker_threads";
import { PlatformError } from "../errors.js";
import type { CheckpointSaver } from "./checkpoint-writer.js";
import type { Store } from "./store.js";
import { type CheckpointBytes, type SaveOutcome, storeCheckpoint } from "./store-checkpoint.js";

type Request = { type: "SAVE"; file: CheckpointBytes } | { type: "RESERVE"; sizeBytes: number };
type Answer = { outcome?: SaveOutcome; buffer: ArrayBuffer } | { error: string; buffer: ArrayBuffer };

/** The thread's part: stores one file after the other, and gives each one's memory back. */
export function serveCheckpoints(port: MessagePort, openStore: () => Promise<Pick<Store, "put">>): void {
  let store: Pick<Store, "put"> | undefined;
  async function save(file: CheckpointBytes): Promise<SaveOutcome> {
    try {
      // At the first save: a store that is away then is asked again at the next one.
      store ??= await openStore();
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      return { type: "FAILED", code: error.code, message: error.message };
    }
    return storeCheckpoint(store, file);
  }
  port.on("message", (request: Request) => {
    const post = (answer: Answer) => port.postMessage(answer, [answer.buffer]);
    if (request.type === "RESERVE") {
      return post({ buffer: reserved(request.sizeBytes) });
    }
    const { file } = request;
    const { buffer } = file;
    save(file).then(
      (outcome) => post({ outcome, buffer }),
      (error: Error) => post({ error: `${error.stack ?? error}`, buffer }),
    );
  });
}

/** Memory that is there, or none where there is not so much: a save then asks for what it needs itself. */
function reserved(sizeBytes: number): ArrayBuffer {
  try {
    const buffer = new ArrayBuffer(sizeBytes);
    // The system gives pages when they are written to.
    new Uint8Array(buffer).fill(0);
    return buffer;
  } catch {
    return new ArrayBuffer(0);
  }
}

/**
 * Starts the thread. The memory of a file moves there and back without being copied.
 * @param url of the program that calls `serveCheckpoints`.
 */
export function startCheckpointThread(url: URL): CheckpointSaver {
  const thread = new Worker(url);
  let waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  let dead: Error | undefined;
  const end = (error: Error) => {
    dead ??= error;
    waiting?.reject(dead);
    waiting = undefined;
  };
  thread.on("message", (answer: Answer) => {
    waiting?.resolve(answer);
    waiting = undefined;
  });
  thread.on("error", end);
  thread.on("exit", (code) => end(new Error(`the thread that stores checkpoints ended with ${code}`)));
  // It ends with its process, and does not keep it alive.
  thread.unref();
  async function ask(request: Request, moved: ArrayBuffer[]): Promise<Extract<Answer, { outcome?: SaveOutcome }>> {
    if (dead) throw dead;
    const answer = await new Promise<Answer>((resolve, reject) => {
      waiting = { resolve, reject };
      thread.postMessage(request, moved);
    });
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }
  return {
    async saveFile(file) {
      const { outcome, buffer } = await ask({ type: "SAVE", file }, [file.buffer]);
      if (!outcome) throw new Error("the thread that stores checkpoints did not say what became of one");
      return { outcome, buffer };
    },
    reserve: async (sizeBytes) => (await ask({ type: "RESERVE", sizeBytes }, [])).buffer,
  };
}
