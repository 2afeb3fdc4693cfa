// The built platform in a fresh data directory on loopback, for what is measured from outside.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** Where a platform or server that was just started listens. @throws Error when it ends before it does. */
export function addressOf(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /is up .*: (http:\/\/\S+) /.exec(text);
      if (found) resolve(found[1]);
    });
    child.once("exit", (code) => reject(new Error(`the platform ended with ${code}`)));
  });
}

/** What `npm start` gives to Node. */
const asStarted = ["--min-semi-space-size=32", "--max-semi-space-size=32"];

/** @returns how long the first start took, in milliseconds; a function that sends an operation; and one that stops it all. */
export async function startPlatform() {
  const dataDirectory = mkdtempSync(path.join(os.tmpdir(), "perennial-bench-"));
  const started = performance.now();
  const child = spawn(
    process.execPath,
    [...asStarted, fileURLToPath(new URL("../dist/programs/up.js", import.meta.url))],
    {
      env: { ...process.env, PERENNIAL_DATA_DIR: dataDirectory, PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const url = await addressOf(child);
  while (!(await fetch(`${url}/health/ready`)).ok) await new Promise((resolve) => setTimeout(resolve, 20));
  const firstStart = performance.now() - started;
  const key = readFileSync(path.join(dataDirectory, "operator.key"), "utf8").trim();
  return {
    firstStart,
    url,
    key,
    /** Of the platform's own process: server and worker. */
    pid: child.pid,
    /** The data of an operation. @throws Error with its errors, or with the problems of a mutation. */
    async request(query, variables) {
      const { data, errors } = await post(`${url}/graphql`, key, { query, variables });
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

/** One connection per server: what is measured is the server, not how a client connects or how much `fetch` does beside. */
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

/** The answer to an operation that is posted to any server. */
export function post(url, key, operation) {
  const body = JSON.stringify(operation);
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    authorization: `Bearer ${key}`,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, method: "POST", headers }, async (response) => {
      try {
        let text = "";
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        resolve(JSON.parse(text));
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    request.end(body);
  });
}
