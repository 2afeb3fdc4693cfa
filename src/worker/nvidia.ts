import type { OfferedDevice } from "../entities/device.js";

/** A GPU as `nvidia-smi` lists it, in the order of the PCI bus. */
export interface NvidiaGpu {
  name: string;
  memoryBytes: number | null;
  uuid: string;
}

/** Arguments of `nvidia-smi` for the output that `parseNvidiaSmi` reads. */
export const nvidiaSmiArguments = ["--query-gpu=name,memory.total,uuid", "--format=csv,noheader,nounits"];

/** Reads one GPU per line, `name, MiB, uuid`. Other lines, such as warnings, are ignored. */
export function parseNvidiaSmi(output: string): NvidiaGpu[] {
  return output.split("\n").flatMap((line) => {
    const [, name, memory, uuid] = /^(.+), ([^,]+), (GPU-[\w-]+)\s*$/.exec(line) ?? [];
    if (name === undefined || uuid === undefined) return [];
    // GPUs that share the memory of the CPU have no number.
    const mebibytes = Number(memory);
    return [{ name: name.trim(), memoryBytes: mebibytes > 0 ? mebibytes * 2 ** 20 : null, uuid }];
  });
}

/**
 * The GPUs that `CUDA_VISIBLE_DEVICES` lets a process use: numbers or prefixes of uuids, up to the first that names no GPU, as
 * CUDA reads the variable. All GPUs if it is not set.
 */
export function visibleGpus(gpus: readonly NvidiaGpu[], variable: string | undefined): NvidiaGpu[] {
  if (variable === undefined) return [...gpus];
  const visible: NvidiaGpu[] = [];
  for (const entry of variable.split(",").map((text) => text.trim())) {
    const gpu = /^\d+$/.test(entry) ? gpus[Number(entry)] : gpus.find(({ uuid }) => entry && uuid.startsWith(entry));
    if (!gpu || visible.includes(gpu)) break;
    visible.push(gpu);
  }
  return visible;
}

export const offeredGpu = (gpu: NvidiaGpu): OfferedDevice => ({ kind: "GPU", ...gpu, slots: 1, provider: "cuda" });
