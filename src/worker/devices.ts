import type { OfferedDevice, Provider } from "../entities/device.js";
import { PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";
import { nvidiaSmiArguments, offeredGpu, parseNvidiaSmi, visibleGpus } from "./nvidia.js";

/**
 * Which GPUs to look for. `auto`: NVIDIA GPUs, through CUDA. `cpu`: none. `webgpu`: the default adapter of WebGPU, which may be
 * a software device.
 */
export type DeviceSetting = "auto" | "cpu" | "webgpu";

/** What detection needs from the host. */
export interface Host {
  /** `os.cpus()[0].model`; may be empty. */
  cpuModel: string;
  /** Memory of the machine. */
  totalMemoryBytes: number;
  /** The memory limit of the container or control group; 0 or more than the machine's if there is none. */
  memoryLimitBytes: number;
  env: NodeJS.ProcessEnv;
  /** The output of a program. Rejects if it does not exist, fails, or takes too long. */
  run(program: string, args: readonly string[]): Promise<string>;
  /** Trains a tiny model on a device, in a separate process because it may crash. Answers what went wrong, if anything. */
  probe(provider: Provider, uuid: string | null): Promise<string | undefined>;
}

/**
 * The devices of a host: its CPU first, then each GPU that passes a test training.
 *
 * @throws PlatformError UNSUPPORTED if no device works.
 */
export async function detectDevices(options: {
  setting: DeviceSetting;
  /** How many single-threaded runs the CPU executes at once. */
  cpuSlots: number;
  /** Whether the CPU must pass the test training too: TensorFlow does not work on every CPU. */
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
    // Most hosts have no such program, or none that this user can execute. Any other error is logged.
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") logger.warn({ error: message }, "nvidia-smi failed; no GPU is offered");
    return [];
  }
  const gpus = visibleGpus(parseNvidiaSmi(output), host.env.CUDA_VISIBLE_DEVICES);
  const [first] = gpus;
  if (!first) return [];
  // A failure has the same cause for all GPUs: the libraries.
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
