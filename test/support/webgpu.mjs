#!/usr/bin/env node
/**
 * A WebGPU device for tests on machines without a GPU: SwiftShader, a Vulkan driver in software, and the Vulkan loader,
 * three files of Debian's package `chromium-common`. They are unpacked into a cache; nothing is installed.
 *
 *   node test/support/webgpu.mjs prepare     put them into the cache, unless they are there
 *   node test/support/webgpu.mjs run <command> …   run a command that finds the device
 *
 * `npm run test:reliability` includes the tests named `*.webgpu.ts` where the cache has the files; elsewhere it says that it does not.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const driver = "vk_swiftshader_icd.json";
const files = ["libvulkan.so.1", "libvk_swiftshader.so", driver];
const installed = "/usr/lib/chromium";
const packageName = "chromium-common";

/** Outside the repository, so that every clone and every CI run on one machine shares it. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "perennial-test");
const device = join(cache, "webgpu");

const complete = (directory) => files.every((name) => existsSync(join(directory, name)));

/** The variables that a process must be started with to see the device; undefined where `prepare` has not run. */
export function webgpuEnvironment() {
  if (!complete(device)) return undefined;
  const libraries = [device, process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return { VK_ICD_FILENAMES: join(device, driver), LD_LIBRARY_PATH: libraries };
}

/** @throws Error when the files can be had neither from an installed browser nor from the distribution's archive. */
export function prepare() {
  if (complete(device)) return device;
  mkdirSync(cache, { recursive: true });
  // Filled aside and renamed, so that an interrupted download is never taken for a device.
  const filling = mkdtempSync(join(cache, "webgpu-"));
  try {
    const source = complete(installed) ? installed : unpack(filling);
    const ready = join(filling, "device");
    mkdirSync(ready);
    for (const name of files) cpSync(join(source, name), join(ready, name));
    rmSync(device, { recursive: true, force: true });
    renameSync(ready, device);
  } finally {
    rmSync(filling, { recursive: true, force: true });
  }
  return device;
}

/** Downloads the package with apt's own client, which keeps its lists in `directory` and so needs no rights of root. */
function unpack(directory) {
  console.error(`webgpu: downloading ${packageName} (30 MB, once)`);
  for (const part of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(directory, part), { recursive: true });
  const settings = {
    "Dir::State::Lists": join(directory, "lists"),
    "Dir::Cache": join(directory, "cache"),
    // As root, apt would otherwise download as a user who may not write here.
    "APT::Sandbox::User": "root",
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  run("apt-get", [...options, "--quiet", "update"], directory);
  run("apt-get", [...options, "--quiet", "download", packageName], directory);
  const archive = readdirSync(directory).find((name) => name.endsWith(".deb"));
  run("dpkg-deb", ["--extract", archive, "unpacked"], directory);
  const source = join(directory, "unpacked", installed);
  if (!complete(source)) throw new Error(`this distribution's ${packageName} does not hold ${files.join(", ")}`);
  return source;
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", 2, 2] });
  if (error?.code === "ENOENT")
    throw new Error(`${command} is not installed: this needs Debian or what derives from it`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}`);
}

function main([action, command, ...rest]) {
  if (action === "prepare" && command === undefined) {
    console.log(prepare());
    return 0;
  }
  if (action === "run" && command !== undefined) {
    prepare();
    const { status, error } = spawnSync(command, rest, {
      stdio: "inherit",
      env: { ...process.env, ...webgpuEnvironment() },
    });
    if (error) throw error;
    return status ?? 1;
  }
  console.error("usage: webgpu.mjs prepare | run <command> …");
  return 2;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(`webgpu: ${error.message}`);
    process.exitCode = 1;
  }
}
