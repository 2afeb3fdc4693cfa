import { execFile, fork } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";
import type { Provider } from "../entities/device.js";
import { dropped, guarded } from "../guarded.js";
import type { Host } from "./devices.js";

/** A probe that takes longer is taken for a driver that hangs. */
const programMs = 10_000;
const probeMs = 60_000;
/** The last characters of a probe's output, which tell why it failed. */
const shownCharacters = 500;

/** The host that this process runs on. @param probePath the program that tests a device: `probe.js`. */
export function thisHost(options: { env: NodeJS.ProcessEnv; probePath: string }): Host {
  const { env, probePath } = options;
  return {
    cpuModel: os.cpus()[0]?.model ?? "",
    totalMemoryBytes: os.totalmem(),
    memoryLimitBytes: process.constrainedMemory(),
    env,
    async run(program, args) {
      const { stdout } = await promisify(execFile)(program, [...args], { env, timeout: programMs });
      return stdout;
    },
    probe: (provider, uuid) => probe(probePath, env, provider, uuid),
  };
}

function probe(path: string, env: NodeJS.ProcessEnv, provider: Provider, uuid: string | null) {
  return new Promise<string | undefined>((resolve) => {
    const child = fork(path, [provider, uuid ?? ""], {
      ...{ env, timeout: probeMs, killSignal: "SIGKILL" },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let written = "";
    const fail = (error: unknown) => resolve((error as Error).message);
    const keep = guarded((chunk: Buffer) => {
      written = (written + chunk).slice(-shownCharacters);
    }, fail);
    const conclude = guarded((code: number | null, signal: NodeJS.Signals | null) => {
      const end = signal ? `ended by ${signal}` : `exit code ${code}`;
      resolve(code === 0 ? undefined : `${written.trim() || "no message"} (${end})`);
    }, fail);
    child.stderr?.on("data", keep);
    child.on("error", guarded(fail, dropped));
    child.once("close", conclude);
  });
}
