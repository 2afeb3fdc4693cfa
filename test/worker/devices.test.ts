import { describe, expect, it, test } from "vitest";
import type { Provider } from "../../src/entities/device.js";
import { type Logger, silent } from "../../src/logger.js";
import { type DeviceSetting, detectDevices, type Host } from "../../src/worker/devices.js";
import { parseNvidiaSmi, visibleGpus } from "../../src/worker/nvidia.js";

const mebibyte = 2 ** 20;
const uuids = ["GPU-8a1f2c3d-0000-1111-2222-333344445555", "GPU-9b2e3d4c-0000-1111-2222-333344445555"] as const;
const twoGpus = `NVIDIA A100-SXM4-80GB, 81920, ${uuids[0]}\nNVIDIA A100-SXM4-80GB, 81920, ${uuids[1]}\n`;

describe("what nvidia-smi writes", () => {
  const gpu = (name: string, memoryBytes: number | null, uuid: string = uuids[0]) => ({ name, memoryBytes, uuid });
  test.each<[name: string, output: string, gpus: object[]]>([
    ["one GPU", `Tesla T4, 15360, ${uuids[0]}\n`, [gpu("Tesla T4", 15_360 * mebibyte)]],
    ["two", twoGpus, uuids.map((uuid) => gpu("NVIDIA A100-SXM4-80GB", 81_920 * mebibyte, uuid))],
    ["the lines of Windows", `Tesla T4, 15360, ${uuids[0]}\r\n`, [gpu("Tesla T4", 15_360 * mebibyte)]],
    ["a comma in a name", `GPU, large, 100, ${uuids[0]}`, [gpu("GPU, large", 100 * mebibyte)]],
    ["memory shared with the CPU", `NVIDIA GB10, [N/A], ${uuids[0]}`, [gpu("NVIDIA GB10", null)]],
    ["none", "No devices were found\n", []],
    ["a warning", `WARNING: infoROM is corrupted\nTesla T4, 15360, ${uuids[0]}`, [gpu("Tesla T4", 15_360 * mebibyte)]],
    ["a fault", "Unable to determine the device handle, GPU is lost, reboot", []],
    ["nothing", "", []],
  ])("%s", (_name, output, gpus) => {
    expect(parseNvidiaSmi(output)).toEqual(gpus);
  });
});

describe("CUDA_VISIBLE_DEVICES", () => {
  test.each<[variable: string | undefined, visible: number[]]>([
    [undefined, [0, 1]],
    ["0,1", [0, 1]],
    ["1, 0", [1, 0]],
    ["1", [1]],
    [uuids[1], [1]],
    ["GPU-9b2e", [1]],
    ["", []],
    ["-1", []],
    ["0,-1,1", [0]],
    ["0,7,1", [0]],
    ["0,0", [0]],
  ])("%j", (variable, visible) => {
    const gpus = parseNvidiaSmi(twoGpus);
    expect(visibleGpus(gpus, variable)).toEqual(visible.map((index) => gpus[index]));
  });
});

/** A host with 16 GiB, of which other properties are given. */
const hostWith = (more: Partial<Host>): Host => ({
  ...{ cpuModel: "Some CPU", totalMemoryBytes: 2 ** 34, memoryLimitBytes: 0, env: {} },
  run: () => Promise.reject(Object.assign(new Error("spawn nvidia-smi ENOENT"), { code: "ENOENT" })),
  probe: async () => undefined,
  ...more,
});

async function detected(host: Partial<Host>, setting: DeviceSetting = "auto") {
  const warnings: string[] = [];
  const logger: Logger = { ...silent, warn: (_fields: unknown, message: string) => void warnings.push(message) };
  const devices = await detectDevices({ setting, cpuSlots: 2, host: hostWith(host), logger });
  return { devices, warnings };
}

describe("a worker offers", () => {
  const cpu = { kind: "CPU", name: "Some CPU", memoryBytes: 2 ** 34, slots: 2, provider: "cpu", uuid: null };
  const gpus = uuids.map((uuid) => ({
    ...{ kind: "GPU", name: "NVIDIA A100-SXM4-80GB", memoryBytes: 81_920 * mebibyte, slots: 1, provider: "cuda", uuid },
  }));
  const run = async () => twoGpus;

  test.each(["ENOENT", "EACCES"])("its CPU where there is nothing else (%s), without a word about it", async (code) => {
    const absent = () => Promise.reject(Object.assign(new Error(`spawn nvidia-smi ${code}`), { code }));
    expect(await detected({ run: absent })).toEqual({ devices: [cpu], warnings: [] });
  });

  test.each([
    ["the machine's", 0, 2 ** 34],
    ["its container's", 2 ** 30, 2 ** 30],
    ["the machine's where no limit is written as an endless one", 2 ** 64, 2 ** 34],
  ])("a CPU with %s memory", async (_whose, memoryLimitBytes, memoryBytes) => {
    expect((await detected({ memoryLimitBytes })).devices).toEqual([{ ...cpu, memoryBytes }]);
  });

  it("a CPU without a name as that", async () => {
    expect((await detected({ cpuModel: " " })).devices).toEqual([{ ...cpu, name: "CPU" }]);
  });

  it("every NVIDIA GPU where CUDA works, which it tries on one of them", async () => {
    const probed: [Provider, string | null][] = [];
    const probe: Host["probe"] = async (...device) => void probed.push(device);
    expect(await detected({ run, probe })).toEqual({ devices: [cpu, ...gpus], warnings: [] });
    expect(probed).toEqual([["cuda", uuids[0]]]);
  });

  it("only those that the environment lets it use", async () => {
    const { devices } = await detected({ run, env: { CUDA_VISIBLE_DEVICES: "1" } });
    expect(devices).toEqual([cpu, gpus[1]]);
  });

  it("none of them where CUDA does not work, and says so once", async () => {
    const { devices, warnings } = await detected({ run, probe: async () => "no cuDNN (exit code 1)" });
    expect(devices).toEqual([cpu]);
    expect(warnings).toEqual([expect.stringContaining("PERENNIAL_DEVICES=webgpu")]);
  });

  test.each([
    ["fails", Object.assign(new Error("Command failed: driver mismatch"), { code: 9 })],
    ["hangs", Object.assign(new Error("Command failed"), { killed: true, signal: "SIGTERM" })],
  ])("its CPU where nvidia-smi %s, and says so once", async (_how, error) => {
    const { devices, warnings } = await detected({ run: () => Promise.reject(error) });
    expect(devices).toEqual([cpu]);
    expect(warnings).toEqual(["nvidia-smi failed; no GPU is offered"]);
  });

  it("its CPU alone where it is told to, and asks nothing else", async () => {
    const never = () => Promise.reject(new Error("it was asked"));
    expect(await detected({ run: never, probe: never }, "cpu")).toEqual({ devices: [cpu], warnings: [] });
  });

  it("its CPU only if that works, where it must prove so, and refuses to begin with nothing", async () => {
    const probe: Host["probe"] = async (provider) => (provider === "cpu" ? "not installed" : undefined);
    const logger = silent;
    const proving = { setting: "auto" as const, cpuSlots: 2, probeCpu: true, logger };
    expect(await detectDevices({ ...proving, host: hostWith({}) })).toEqual([cpu]);
    expect(await detectDevices({ ...proving, host: hostWith({ run, probe }) })).toEqual(gpus);
    await expect(detectDevices({ ...proving, host: hostWith({ probe }) })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("not installed"),
    });
  });

  it("what WebGPU takes where it is told to, if that works", async () => {
    const probed: Provider[] = [];
    const probe: Host["probe"] = async (provider) => void probed.push(provider);
    const { devices } = await detected({ run, probe }, "webgpu");
    expect(devices).toEqual([
      cpu,
      { ...gpus[0], name: "WebGPU adapter", memoryBytes: null, provider: "webgpu", uuid: null },
    ]);
    expect(probed).toEqual(["webgpu"]);
    expect(await detected({ probe: async () => "crashed (ended by SIGSEGV)" }, "webgpu")).toEqual({
      devices: [cpu],
      warnings: ["WebGPU cannot be used; no GPU is offered"],
    });
  });
});
