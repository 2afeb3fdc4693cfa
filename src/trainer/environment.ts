import { readFileSync } from "node:fs";
import os from "node:os";
import type { Executor } from "../engine/graphs/executor.js";
import type { Environment } from "../language/training/environment.js";

/** Everything about this process that the bits of results depend on. */
export function describeEnvironment(executor: Pick<Executor, "name" | "runtime">): Environment {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return {
    executor: executor.name,
    runtime: executor.runtime,
    processor: processorLevel(process.arch, readCpuInfo()),
    processorModel: os.cpus()[0]?.model.trim() || "unknown",
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    perennial: manifest.version,
  };
}

/**
 * The system's description of its processors. Math libraries ask the processor itself. The two are known to differ only
 * under QEMU's user-mode emulation, which shows the file of the host.
 */
function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

/** The features that each level of the x86-64 psABI adds. Math libraries choose their code by such features. */
const levels = [
  ["x86-64-v2", ["cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"]],
  ["x86-64-v3", ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"]],
  ["x86-64-v4", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]],
] as const;

/** The features by which math libraries choose their code on 64-bit Arm, which has no such levels, as Linux names them. */
const armFeatures = ["asimddp", "asimdhp", "bf16", "i8mm", "sme", "sme2", "sve", "sve2"];

/**
 * The instruction set of a processor: a level such as `x86-64-v3`, on Arm the features by name (`arm64 asimddp sve`), or the
 * architecture alone.
 *
 * @param cpuInfo the text of Linux's `/proc/cpuinfo`; may be empty.
 */
export function processorLevel(architecture: string, cpuInfo: string): string {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1]?.trim().split(/\s+/));
  if (architecture === "arm64") return [architecture, ...armFeatures.filter((name) => flags.has(name))].join(" ");
  if (architecture !== "x64" || flags.size === 0) return architecture;
  let level = "x86-64-v1";
  for (const [name, features] of levels) {
    if (!features.every((feature) => flags.has(feature))) break;
    level = name;
  }
  return level;
}
