// Loaded into the processes of a worker by `node --import`. It has a trainer take memory in the middle of its training, once
// and when it has told of a checkpoint, as the file `greed` in its data directory says: which run, which kind of memory, how
// many MiB. A trainer that waits for its run does it for the run that its arguments name. The worker itself takes as many MiB as GREEDY_WORKER says.
import { readFileSync, unlinkSync } from "node:fs";
import path from "node:path";
import { isMainThread } from "node:worker_threads";

const plan = path.join(process.env.PERENNIAL_DATA_DIR, "greed");
const kept = [];
/** The title names a run once there is one. */
const waits = () => !process.title.includes("run_");

const ways = {
  /** Beside V8's heap. The system gives pages when they are written to. */
  pages: (mebibytes) => {
    for (let taken = 0; taken < mebibytes; taken += 8) kept.push(Buffer.alloc(8 * 2 ** 20, 1));
  },
  /** An object of a number takes 16 bytes or more, and its place in the array 8 or 4. */
  heap: (mebibytes) => {
    for (let taken = 0; taken < mebibytes; taken += 1)
      kept.push(Array.from({ length: 50_000 }, (_, value) => ({ value })));
  },
};

function takeWhatIsPlanned() {
  let text;
  try {
    text = readFileSync(plan, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return;
    throw error;
  }
  const [runId, way, mebibytes] = text.split(" ");
  if (!(waits() ? process.argv.at(-1) : process.title).endsWith(runId)) return;
  unlinkSync(plan);
  ways[way](Number(mebibytes));
}

if (isMainThread && process.argv[2] === "worker") ways.pages(Number(process.env.GREEDY_WORKER ?? 0));
if (isMainThread && process.argv[2] === "trainer") {
  const send = process.send.bind(process);
  setInterval(() => waits() && takeWhatIsPlanned(), 100).unref();
  process.send = (message, handle, options, callback) =>
    send(message, handle, options, (error) => {
      callback?.(error);
      // Its worker can read it now, whatever becomes of this process.
      if (message.type === "CHECKPOINT") takeWhatIsPlanned();
    });
}
