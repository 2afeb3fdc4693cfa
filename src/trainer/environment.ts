import { readFileSync } from "node:fs";
import os from "node:os";
import type { Executor } from "../engine/graphs/executor.js";
import type { Environment } from "../language/training/environment.js";

/** What this process computes with, as far as results depend on it. */
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
 * What the system says of its processors. Math libraries ask the processor itself; an emulator of processors such as QEMU's
 * for single programs, which shows its host's file, is the only place known where the two disagree.
 */
function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

/** What each level of the x86-64 psABI has beyond the one before; math libraries choose their code by such features. */
const levels = [
  ["x86-64-v2", ["cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"]],
  ["x86-64-v3", ["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"]],
  ["x86-64-v4", ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]],
] as const;

/** Of 64-bit Arm, which has no such levels, what math libraries choose their code by, as Linux spells it. */
const armFeatures = ["asimddp", "asimdhp", "bf16", "i8mm", "sme", "sme2", "sve", "sve2"];

/**
 * The instructions that a processor offers: as a level, `x86-64-v3` and the like; of Arm by their names, `arm64 asimddp sve`;
 * or the architecture alone where `cpuInfo`, the text of Linux's `/proc/cpuinfo`, says nothing.
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
