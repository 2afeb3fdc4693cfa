import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf } from "../start-platform.mjs";

/** What a server must be started with to tell its memory. */
export const memoryFlags = ["--expose-gc", "--import", new URL("report-memory.mjs", import.meta.url).href];

/**
 * The built server in a process of its own, on a database that exists.
 *
 * @param flags of Node, such as `--cpu-prof`
 */
export async function startServer(databaseUrl, flags = []) {
  const dataDirectory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-server-"));
  const child = spawn(
    process.execPath,
    [...flags, fileURLToPath(new URL("../../dist/programs/up.js", import.meta.url)), "server"],
    {
      env: { ...process.env, DATABASE_URL: databaseUrl, PERENNIAL_DATA_DIR: dataDirectory, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const url = await addressOf(child);
  return {
    url,
    key: readFileSync(path.join(dataDirectory, "operator.key"), "utf8").trim(),
    /** Bytes resident, and bytes held by what is alive; for a server with the flags of `memoryFlags`. */
    async memory() {
      const told = new Promise((resolve) => {
        const listen = (chunk) => {
          const found = /memory (\{.*\})/.exec(String(chunk));
          if (!found) return;
          child.stdout.off("data", listen);
          resolve(JSON.parse(found[1]));
        };
        child.stdout.on("data", listen);
      });
      child.kill("SIGUSR2");
      return told;
    },
    /** Seconds of processor time so far; undefined where the system does not tell. */
    processorSeconds() {
      try {
        const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1].split(" ");
        return (Number(fields[11]) + Number(fields[12])) / 100;
      } catch {
        return undefined;
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
