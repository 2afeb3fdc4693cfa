import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built server in a process of its own, which can be killed and started again at the same address. */
export interface ServerProcess {
  url: string;
  key: string;
  /** The process there is now. */
  readonly pid: number | undefined;
  /** SIGKILL, then the same server again. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startServerProcess(databaseUrl: string, dataDirectory: string): Promise<ServerProcess> {
  const port = await freePort();
  const entry = fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url));
  const env = { ...process.env, DATABASE_URL: databaseUrl, PERENNIAL_DATA_DIR: dataDirectory, PORT: String(port) };
  let child: ChildProcess | undefined;
  async function start(): Promise<void> {
    const started = spawn(process.execPath, [entry, "server"], { env, stdio: ["ignore", "pipe", "inherit"] });
    child = started;
    await new Promise<void>((resolve, reject) => {
      started.stdout?.on("data", (chunk) => String(chunk).includes("Perennial is up") && resolve());
      started.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (!ending || ending.exitCode !== null) return;
    const exited = once(ending, "exit");
    ending.kill(signal);
    await exited;
  }
  await start();
  const key = (await readFile(join(dataDirectory, "operator.key"), "utf8")).trim();
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    get pid() {
      return child?.pid;
    },
    async restart() {
      await end("SIGKILL");
      await start();
    },
    stop: () => end("SIGTERM"),
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
