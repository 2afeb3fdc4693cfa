import { randomInt } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { PlatformError } from "../errors.js";
import { guarded } from "../guarded.js";

const portPath = (dataDirectory: string) => join(dataDirectory, "postgres.port");

/**
 * Ports below the range that systems use for outgoing connections. A client that keeps trying to reach a stopped server on
 * a port in that range may be given this port itself.
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
 * The port to listen on: the requested one; by default the port of the last start if it is free, otherwise any free port.
 *
 * @throws PlatformError BAD_INPUT when the requested port is no port number, or is in use.
 */
export async function choosePort(dataDirectory: string, requested: number | undefined): Promise<number> {
  if (requested !== undefined) {
    if (!isPort(requested))
      throw new PlatformError("BAD_INPUT", `port: ${requested} is not a port number (1 to 65535)`);
    if (!(await isPortFree(requested)))
      throw new PlatformError("BAD_INPUT", `port: ${requested} is in use by another program`);
    return requested;
  }
  const remembered = await rememberedPort(dataDirectory);
  if (remembered !== undefined && (await isPortFree(remembered))) return remembered;
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(firstPort, lastPort);
    if (await isPortFree(port)) return port;
  }
  throw new PlatformError("UNSUPPORTED", `no free loopback port was found between ${firstPort} and ${lastPort}`);
}
