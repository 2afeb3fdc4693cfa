// The built platform in a fresh data directory on loopback, for what is measured from outside.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** @returns how long the first start took, in milliseconds; a function that sends an operation; and one that stops it all. */
export async function startPlatform() {
  const dataDirectory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-"));
  const started = performance.now();
  const child = spawn(process.execPath, [fileURLToPath(new URL("../dist/up.js", import.meta.url))], {
    env: { ...process.env, PERENNIAL_DATA_DIR: dataDirectory, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /(http:\/\/[^#\s]+)\/#key=/.exec(text);
      if (found) resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`the platform ended with ${code}`)));
  });
  while (!(await fetch(`${url}/health/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  const firstStart = performance.now() - started;
  const key = readFileSync(path.join(dataDirectory, "operator.key"), "utf8").trim();
  return {
    firstStart,
    /** The data of an operation. @throws Error with its errors, or with the problems of a mutation. */
    async request(query, variables) {
      const response = await fetch(`${url}/graphql`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors } = await response.json();
      const problems = Object.values(data ?? {}).flatMap((answer) => answer?.problems ?? []);
      if (errors || problems.length > 0) throw new Error(JSON.stringify(errors ?? problems));
      return data;
    },
    async stop() {
      child.kill("SIGTERM");
      await new Promise((resolve) => child.once("exit", resolve));
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}
