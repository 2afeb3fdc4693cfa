import { expect, test } from "vitest";
import type { OfferedDevice } from "../../src/entities/device.js";
import type { DeviceRequest } from "../../src/language/training/training.js";
import { plannedExecutor } from "../../src/serving/planned-executor.js";
import { cpu, gpu } from "../support/workbench.js";

const cuda: OfferedDevice = { ...gpu("Fast One"), provider: "cuda" };

test.each<[DeviceRequest, number, OfferedDevice[], name: string, reason: RegExp]>([
  ["ANY", 1, [], "onnx-cpu-1", /^compiled$/],
  ["ANY", 1, [cpu(2)], "onnx-cpu-1", /^compiled$/],
  ["CPU", 2, [cpu(1), cpu(2), cuda], "onnx-cpu-2", /^compiled$/],
  ["ANY", 2, [cpu(2), cuda], "onnx-cpu-2", /a GPU takes over/],
  ["GPU", 1, [cpu(2), cuda, cuda], "onnx-cuda-1", /offered is Fast One$/],
  ["GPU", 1, [cpu(2), { ...cuda, provider: "webgpu" }], "onnx-webgpu-1", /Fast One/],
  ["GPU", 1, [cpu(2)], "none", /no live worker offers a GPU/],
  ["GPU", 1, [], "none", /no live worker offers a GPU/],
  ["CPU", 4, [cpu(2), cuda], "none", /no live worker has 4 CPU slots/],
  ["ANY", 4, [cpu(2)], "none", /no live worker has 4 CPU slots/],
  ["ANY", 4, [cpu(2), cuda], "onnx-cuda-4", /no CPU has 4 slots; Fast One/],
])("%s with %i threads among %j is computed by %s", (device, threads, devices, name, reason) => {
  const plan = { executor: { name: `onnx-cpu-${threads}`, reason: "compiled" } };
  expect(plannedExecutor({ device, threads }, plan, devices)).toEqual({
    name,
    reason: expect.stringMatching(reason),
  });
});
