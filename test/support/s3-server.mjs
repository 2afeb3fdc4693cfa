#!/usr/bin/env node
/**
 * A real S3 server for tests: MinIO, built from source where Go is present. Its community edition is archived,
 * so nothing in the platform may depend on more than its S3 API; any other server can stand in through the variable below.
 *
 *   node test/support/s3-server.mjs prepare            build the server if it is not in the cache yet (about 3 minutes on two cores)
 *   node test/support/s3-server.mjs run npm test       prepare, start a server, run a command with its URL, stop the server
 *   node test/support/s3-server.mjs start              prepare, start a server, print its URL, stop it on SIGINT or SIGTERM
 *
 * Tests read PERENNIAL_TEST_S3_URL=http://<access key>:<secret key>@<host>:<port>/<bucket>. Where it is not set they start a
 * server of their own if `prepare` has run before.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const urlVariable = "PERENNIAL_TEST_S3_URL";
const source = "github.com/minio/minio@latest";
const executable = process.platform === "win32" ? "minio.exe" : "minio";

/** Outside the repository, so that every clone and every CI run on one machine shares it. */
function cacheDirectory() {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "perennial-test");
}

/** The server's binary, or undefined where `prepare` has not run. */
export async function cachedBinary() {
  const path = join(cacheDirectory(), executable);
  return await access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  );
}

/** Builds the server unless it is in the cache; resolves to its path. */
export async function prepare() {
  const cached = await cachedBinary();
  if (cached !== undefined) return cached;
  mkdirSync(cacheDirectory(), { recursive: true });
  // Built aside and renamed, so that an interrupted build is never taken for a server.
  const building = mkdtempSync(join(cacheDirectory(), "build-"));
  try {
    console.error(`s3-server: go install ${source} (a few minutes, once)`);
    const started = Date.now();
    const environment = { ...process.env, GOBIN: building, CGO_ENABLED: "0" };
    const build = spawn("go", ["install", source], { env: environment, stdio: ["ignore", 2, 2] });
    const code = await finished(build).catch((error) => {
      if (error.code !== "ENOENT") throw error;
      throw new Error(`Go is not installed: install it, or set ${urlVariable} to any S3 server`);
    });
    if (code !== 0) throw new Error(`go install ${source} ended with ${code}`);
    renameSync(join(building, executable), join(cacheDirectory(), executable));
    console.error(`s3-server: built in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return join(cacheDirectory(), executable);
}

/** Starts a server on a free loopback port with an empty data directory, which goes when it stops. */
export async function startServer(binary) {
  let failure;
  // The port was free a moment ago; another process may have taken it since.
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      return await startOnce(binary);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function startOnce(binary) {
  const data = await mkdtemp(join(tmpdir(), "perennial-s3-"));
  const port = await freePort();
  const accessKey = `test${randomBytes(6).toString("hex")}`;
  const secretKey = randomBytes(18).toString("hex");
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("MINIO_"));
  const environment = {
    ...Object.fromEntries(inherited),
    // MinIO makes a ~/.minio whatever its flags say.
    HOME: data,
    MINIO_ROOT_USER: accessKey,
    MINIO_ROOT_PASSWORD: secretKey,
    MINIO_BROWSER: "off",
    MINIO_UPDATE: "off",
  };
  const flags = [
    "server",
    "--quiet",
    "--address",
    `127.0.0.1:${port}`,
    "--certs-dir",
    join(data, "certs"),
    join(data, "drive"),
  ];
  const child = spawn(binary, flags, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (text) => {
      output = `${output}${text}`.slice(-4000);
    });
  }
  const ended = finished(child);
  const stop = async () => {
    child.kill("SIGTERM");
    const reluctant = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended.catch(() => {});
    clearTimeout(reluctant);
    await rm(data, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      ready(`http://127.0.0.1:${port}/minio/health/ready`),
      ended.then((code) => Promise.reject(new Error(`the S3 server ended with ${code}:\n${output}`))),
    ]);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://${accessKey}:${secretKey}@127.0.0.1:${port}/perennial-test`,
    name: "MinIO",
    pid: child.pid,
    stop,
  };
}

/** The server that the tests use: the one that is given, else one of our own from the cache, else undefined. */
export async function acquireServer() {
  const given = process.env[urlVariable];
  if (given) return { url: given, name: `the server of ${urlVariable}`, stop: async () => {} };
  const binary = await cachedBinary();
  return binary === undefined ? undefined : await startServer(binary);
}

function finished(child) {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
}

async function ready(url) {
  for (const deadline = Date.now() + 30_000; ; ) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error("the S3 server was not ready within 30 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function main([action, ...rest]) {
  const command = rest[0] === "--" ? rest.slice(1) : rest;
  if (action === "prepare") {
    console.log(await prepare());
    return 0;
  }
  if (action === "start") {
    const server = await startServer(await prepare());
    console.log(server.url);
    await new Promise((resolve) => {
      // Not `once`: a second signal would end this process before the server's data is gone.
      for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, resolve);
    });
    await server.stop();
    return 0;
  }
  if (action === "run" && command.length > 0) {
    const server = await startServer(await prepare());
    console.error(`s3-server: ${server.name} runs, process ${server.pid}`);
    const [program, ...parameters] = command;
    const child = spawn(program, parameters, { stdio: "inherit", env: { ...process.env, [urlVariable]: server.url } });
    // A terminal signals the whole group; anything else signals only this process.
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
    try {
      const code = await finished(child);
      return typeof code === "number" ? code : 1;
    } finally {
      await server.stop();
    }
  }
  console.error("usage: s3-server.mjs prepare | start | run <command> …");
  return 2;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(`s3-server: ${error.message}`);
    process.exitCode = 1;
  }
}
