import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { expect, test } from "vitest";

/** What a process of its own is refused with when it opens a program on that provider: the device's libraries may print. */
function refusalOn(provider: string, env: Record<string, string> = {}): { code: string; message: string } {
  const script = `
    import { Recorder } from "./dist/engine/onnx/program/recorder.js";
    import { serialize } from "./dist/engine/onnx/program/serialize.js";
    import { createSessions } from "./dist/engine/onnx/run/sessions.js";
    const record = new Recorder("probe");
    const x = record.input("x", [2], "float32");
    record.output("y", record.node("Exp", [x], { shape: [2], type: "float32" }));
    try {
      await createSessions({ provider: process.argv[1], threads: 1 }).open(serialize(record.program));
      console.log(JSON.stringify({ code: "NONE", message: "" }));
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }));
    }`;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script, provider], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  expect(status).toBe(0);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string);
}

const cudaProvider = new URL(
  "../../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so",
  import.meta.url,
);

// Elsewhere WebGPU needs no Vulkan, and a machine with CUDA's provider has what the second test misses.
const linux = process.platform === "linux";

test.runIf(linux)("WebGPU without a device is refused with what it needs, and the process lives", () => {
  const none = { VK_ICD_FILENAMES: "/none.json", VK_DRIVER_FILES: "/none.json" };
  expect(refusalOn("webgpu", none)).toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringMatching(
      /provider "webgpu": there is no device for WebGPU; on Linux it needs Vulkan: .*No supp/s,
    ),
  });
});

test.runIf(linux && !existsSync(cudaProvider))("CUDA without its provider is refused with what brings it", () => {
  expect(refusalOn("cuda")).toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringMatching(/provider "cuda": its library.* is not installed; docker\/Dockerfile\.gpu/s),
  });
});
