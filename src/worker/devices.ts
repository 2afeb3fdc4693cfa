import type { OfferedDevice, Provider } from "../entities/device.js";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import { nvidiaSmiArguments, offeredGpu, parseNvidiaSmi, visibleGpus } from "./nvidia.js";

/**
 * Which GPUs to look for. `auto`: NVIDIA's, which CUDA tells from software. `cpu`: none. `webgpu`: the one that WebGPU
 * takes by default, whatever it is: a software device too, so it must be asked for.
 */
export type DeviceSetting = "auto" | "cpu" | "webgpu";

/** What detection asks of its host. */
export interface Host {
  /** `os.cpus()[0].model`; may be empty. */
  cpuModel: string;
  /** Of the machine. */
  totalMemoryBytes: number;
  /** The limit of its container or control group; 0 or beyond the machine's where there is none. */
  memoryLimitBytes: number;
  env: NodeJS.ProcessEnv;
  /** What a program writes. Rejects when it is not there, fails, or takes too long. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** Trains a tiny net on a device, in a process of its own that may die of it. Answers what went wrong, or nothing. */
  probe(provider: Provider, uuid: string | null): Promise<string | undefined>;
}

/**
 * What a host has to compute on: its CPU first, then each GPU that has proved to work.
 *
 * @throws PlatformError UNSUPPORTED when nothing works.
 */
export async function detectDevices(options: {
  setting: DeviceSetting;
  /** Runs of one thread that the CPU takes at once. */
  cpuSlots: number;
  /** Whether the CPU must prove to work as GPUs must: not everything that computes does so everywhere. */
  probeCpu?: boolean;
  host: Host;
  logger: Logger;
}): Promise<OfferedDevice[]> {
  const { setting, cpuSlots, probeCpu = false, host, logger } = options;
  const { memoryLimitBytes: limit, totalMemoryBytes: total } = host;
  const cpu: OfferedDevice = {
    ...{ kind: "CPU", name: host.cpuModel.trim() || "CPU", slots: cpuSlots, provider: "cpu", uuid: null },
    memoryBytes: limit > 0 ? Math.min(limit, total) : total,
  };
  const fault = probeCpu ? await host.probe("cpu", null) : undefined;
  const devices = fault === undefined ? [cpu] : [];
  if (setting === "webgpu") devices.push(...(await webgpu(host, logger)));
  if (setting === "auto") devices.push(...(await nvidia(host, logger)));
  if (devices.length === 0) throw new PlatformError("UNSUPPORTED", `nothing here can compute: ${fault}`);
  if (fault !== undefined) logger.warn({ error: fault }, "the CPU cannot be used; only GPUs are offered");
  return devices;
}

async function nvidia(host: Host, logger: Logger): Promise<OfferedDevice[]> {
  let output: string;
  try {
    output = await host.run("nvidia-smi", nvidiaSmiArguments);
  } catch (error) {
    // Not there, or behind a directory of the path that is closed to us: a host like most others. Anything else is worth a
    // word.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") logger.warn({ error: message }, "nvidia-smi failed; no GPU is offered");
    return [];
  }
  const gpus = visibleGpus(parseNvidiaSmi(output), host.env.CUDA_VISIBLE_DEVICES);
  const [first] = gpus;
  if (!first) return [];
  // What can be wrong is the same for all of them: the libraries.
  const fault = await host.probe("cuda", first.uuid);
  if (fault === undefined) return gpus.map(offeredGpu);
  const names = gpus.map(({ name }) => name).join(", ");
  const hint = "CUDA cannot be used, so these GPUs are not offered; PERENNIAL_DEVICES=webgpu tries one without it";
  logger.warn({ gpus: names, error: fault }, hint);
  return [];
}

async function webgpu(host: Host, logger: Logger): Promise<OfferedDevice[]> {
  const fault = await host.probe("webgpu", null);
  if (fault === undefined)
    return [{ kind: "GPU", name: "WebGPU adapter", memoryBytes: null, slots: 1, provider: "webgpu", uuid: null }];
  logger.warn({ error: fault }, "WebGPU cannot be used; no GPU is offered");
  return [];
}
