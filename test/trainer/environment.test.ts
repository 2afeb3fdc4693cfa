import { describe, expect, it, test } from "vitest";
import { describeDifferences, environmentDifferences } from "../../src/language/training/environment.js";
import { describeEnvironment, processorLevel } from "../../src/trainer/environment.js";

const second = "cx16 popcnt sse4_1 sse4_2 ssse3";
const third = `${second} avx avx2 bmi1 bmi2 f16c fma movbe`;
const fourth = `${third} avx512f avx512bw avx512cd avx512dq avx512vl`;
const cpuInfo = (flags: string) => `processor\t: 0\nflags\t\t: fpu ${flags} nx\nbogomips\t: 1\n`;

test.each([
  ["x64", cpuInfo(fourth), "x86-64-v4"],
  ["x64", cpuInfo(third), "x86-64-v3"],
  ["x64", cpuInfo(`${second} avx512f`), "x86-64-v2"],
  ["x64", cpuInfo(""), "x86-64-v1"],
  ["x64", "", "x64"],
  ["arm64", "processor\t: 0\nFeatures\t: fp asimd\n", "arm64"],
  ["arm64", "processor\t: 0\nFeatures\t: fp sve asimd asimddp sve2 aes\n", "arm64 asimddp sve sve2"],
  ["arm64", "", "arm64"],
])("a processor of %s is described by the level of its instructions", (architecture, info, level) => {
  expect(processorLevel(architecture, info)).toBe(level);
});

describe("an environment", () => {
  const environment = describeEnvironment({ name: "onnx-cpu-1", runtime: "onnxruntime 1.30.0" });

  it("describes what this process computes with", () => {
    expect(environment).toMatchObject({ executor: "onnx-cpu-1", runtime: "onnxruntime 1.30.0" });
    expect(environment).toMatchObject({ node: process.versions.node, perennial: expect.stringMatching(/^\d+\.\d+/) });
    for (const value of Object.values(environment)) expect(value).not.toBe("");
  });

  it("differs from another by what the bits depend on, not by the name of the processor", () => {
    const other = { ...environment, processorModel: "another", runtime: "onnxruntime 1.31.0" };
    const differences = environmentDifferences(environment, other);
    expect(differences).toEqual([{ name: "runtime", expected: "onnxruntime 1.30.0", actual: "onnxruntime 1.31.0" }]);
    expect(describeDifferences(differences)).toBe("runtime onnxruntime 1.31.0 instead of onnxruntime 1.30.0");
  });
});
