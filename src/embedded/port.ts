import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PlatformError } from "../errors.js";
import { guarded } from "../guarded.js";

const portPath = (dataDirectory: string) => join(dataDirectory, "postgres.port");

/**
 * Ports below the range from which systems take the ports of outgoing connections: a client that keeps trying to
 * reach a stopped server on a port of that range may come to occupy it itself.
 */
const firstPort = 15_432;
const lastPort = 32_000;

/** Whether a server could listen on that loopback port now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    const free = guarded(
      () => server.close(() => resolve(true)),
      () => resolve(false),
    );
    server.listen({ port, host: "127.0.0.1", exclusive: true }, free);
  });
}

/** The port the cluster had last time, if it ever ran. */
export async function rememberedPort(dataDirectory: string): Promise<number | undefined> {
  const port = Number(await readFile(portPath(dataDirectory), "utf8").catch(() => ""));
  return isPort(port) ? port : undefined;
}

/** Keeps the port for the next start. */
export async function rememberPort(dataDirectory: string, port: number): Promise<void> {
  await writeFile(portPath(dataDirectory), `${port}\n`, { mode: 0o600 });
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536;
}

/**
 * The port to listen on: the one asked for, else last time's while it is free, else a free one.
 * Throws `BAD_INPUT` when the one asked for is none, or is taken.
 */
export async function choosePort(dataDirectory: string, asked: number | undefined): Promise<number> {
  if (asked !== undefined) {
    if (!isPort(asked)) throw new PlatformError("BAD_INPUT", `port: ${asked} is not a port number (1 to 65535)`);
    if (!(await isPortFree(asked))) throw new PlatformError("BAD_INPUT", `port: ${asked} is in use by another program`);
    return asked;
  }
  const remembered = await rememberedPort(dataDirectory);
  if (remembered !== undefined && (await isPortFree(remembered))) return remembered;
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(firstPort, lastPort);
    if (await isPortFree(port)) return port;
  }
  throw new PlatformError("UNSUPPORTED", `no free loopback port was found between ${firstPort} and ${lastPort}`);
}
