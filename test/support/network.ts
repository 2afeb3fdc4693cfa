import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** A machine of a small network: a network namespace with one address. Its files and processes are this machine's own. */
export interface Host {
  readonly address: string;
  /** Starts a Node program there. */
  start(program: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess;
  /** Pulls its cable: what is sent is lost without a word, and connections stay half open. */
  cutOff(): Promise<void>;
  rejoin(): Promise<void>;
}

export interface Network {
  readonly hosts: readonly Host[];
  /** The address at which what `offer` takes in is found. */
  readonly hub: string;
  /** Makes `target` (`host:port`, outside) reachable for every host at `port` of the hub. */
  offer(port: number, target: string): Promise<void>;
  /** A Unix socket that leads to a port of a host, for clients outside. */
  socketTo(host: Host, port: number): Promise<string>;
  close(): Promise<void>;
}

const ip = async (...args: string[]) => void (await promisify(execFile)("ip", args));

/** Why no network can be made here, or undefined. */
export function noNetwork(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "needs root";
  const name = `perennial-${process.pid}`;
  try {
    execFileSync("ip", ["netns", "add", name], { stdio: "ignore" });
    execFileSync("ip", ["netns", "del", name], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs iproute2 and the right to make network namespaces";
  }
}

/** Hosts on one wire, in network namespaces of their own: nothing of this machine's network is touched. */
export async function createNetwork(hostCount: number): Promise<Network> {
  const namespace = (name: string) => `perennial-${process.pid}-${name}`;
  const directory = await mkdtemp(join(tmpdir(), "perennial-network-"));
  const names = ["hub", ...Array.from({ length: hostCount }, (_, index) => `host${index}`)];
  const children: ChildProcess[] = [];

  const startIn = (name: string, program: string, args: readonly string[], env = process.env): ChildProcess => {
    const command = ["netns", "exec", namespace(name), process.execPath, program, ...args];
    const child = spawn("ip", command, { env, stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return child;
  };
  const relayPath = fileURLToPath(new URL("relay.mjs", import.meta.url));
  const relay = async (name: string | undefined, listen: string, target: string) => {
    const child = name
      ? startIn(name, relayPath, [listen, target])
      : spawn(process.execPath, [relayPath, listen, target], { stdio: ["ignore", "pipe", "inherit"] });
    if (!name) children.push(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
  };

  const hub = "10.99.0.1";
  await Promise.all(names.map((name) => ip("netns", "add", namespace(name))));
  await ip("-n", namespace("hub"), "link", "add", "bridge", "type", "bridge");
  await ip("-n", namespace("hub"), "addr", "add", `${hub}/24`, "dev", "bridge");
  await ip("-n", namespace("hub"), "link", "set", "bridge", "up");
  const hosts: Host[] = [];
  for (const [index, name] of names.slice(1).entries()) {
    const address = `10.99.0.${index + 2}`;
    const [inside, outside] = [namespace(name), namespace("hub")];
    await ip("link", "add", "wire", "netns", inside, "type", "veth", "peer", "name", name, "netns", outside);
    await ip("-n", outside, "link", "set", name, "master", "bridge");
    await ip("-n", outside, "link", "set", name, "up");
    await ip("-n", inside, "addr", "add", `${address}/24`, "dev", "wire");
    await ip("-n", inside, "link", "set", "wire", "up");
    await ip("-n", inside, "link", "set", "lo", "up");
    hosts.push({
      address,
      start: (program, args, env) => startIn(name, program, args, env),
      cutOff: () => ip("-n", outside, "link", "set", name, "down"),
      rejoin: () => ip("-n", outside, "link", "set", name, "up"),
    });
  }

  let sockets = 0;
  const socket = () => join(directory, `${++sockets}.sock`);
  return {
    hosts,
    hub,
    async offer(port, target) {
      const path = socket();
      await relay(undefined, path, target);
      await relay("hub", `${hub}:${port}`, path);
    },
    async socketTo(host, port) {
      const path = socket();
      await relay("hub", path, `${host.address}:${port}`);
      return path;
    },
    async close() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(names.map((name) => ip("netns", "del", namespace(name)).catch(() => {})));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
