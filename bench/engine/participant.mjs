// A process that trains the workload of a cell, pinned to its cores.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** The cores this process may use, as `taskset` counts them; undefined where it cannot pin. */
export function availableCores() {
  if (process.platform !== "linux" || spawnSync("taskset", ["-V"]).status !== 0) return undefined;
  const [, list] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  return list.split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** Milliseconds for a participant's threads to stop waiting actively for more work, so that the next one is alone. */
const rest = 40;

/**
 * Starts a participant.
 * @param cores to pin it to; undefined for none.
 * @throws Error when it cannot start, with what it wrote: a peer that is not installed.
 */
export async function startParticipant({ name, command, threads, cores }) {
  const [file, ...args] = cores ? ["taskset", "-c", cores.join(","), ...command] : command;
  const environment = {
    OMP_NUM_THREADS: String(threads),
    MKL_NUM_THREADS: String(threads),
    CUDA_VISIBLE_DEVICES: "",
    PYTHONDONTWRITEBYTECODE: "1",
    KERAS_BACKEND: "tensorflow",
    TF_CPP_MIN_LOG_LEVEL: "3",
  };
  const child = spawn(file, args, { env: { ...process.env, ...environment }, stdio: ["pipe", "pipe", "pipe"] });
  let written = "";
  child.stderr.on("data", (chunk) => {
    written = (written + chunk).slice(-4000);
  });
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(`it ended with ${code}: ${written.trim().split("\n").at(-1)}`));
  });
  // A participant that has ended is noticed by its answers that do not come.
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();

  async function nextAnswer() {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name}: ${await ended}`);
      // Libraries print too.
      if (value.startsWith("{")) return JSON.parse(value);
    }
  }

  async function ask(command) {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const answer = await nextAnswer();
    await new Promise((resolve) => setTimeout(resolve, rest));
    return answer;
  }

  const { versions } = await nextAnswer();
  return {
    name,
    versions,
    load: (work) => ask({ load: work }),
    steps: (count) => ask({ steps: count }),
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
