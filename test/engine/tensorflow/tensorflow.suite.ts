import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { createEagerExecutor } from "../../../src/engine/eager/eager-executor.js";
import { type TensorflowBackend, tensorflowPackages } from "../../../src/engine/eager/tensorflow.js";
import { createTrainingProgram } from "../../../src/engine/programs/training-program.js";
import { PlatformError } from "../../../src/errors.js";
import { compiled, eager } from "../onnx/compare.js";
import { batchAt, batchSize, expectSameTrajectory, trajectory } from "../onnx/trajectory.js";
import { zoo, zooNet } from "../onnx/zoo.js";

const asked = process.env.PERENNIAL_TEST_TENSORFLOW;
const backend: TensorflowBackend = asked === "tensorflow-gpu" ? asked : "tensorflow";
const native = createEagerExecutor({ backend });

/** TensorFlow's operations that were called: it is the library that computes, not tfjs's JavaScript under another name. */
const operations = new Set<string>();
beforeAll(() => {
  type Call = (name: string, ...rest: unknown[]) => unknown;
  const library = tf.findBackend("tensorflow") as unknown as Record<"executeSingleOutput", Call>;
  const { executeSingleOutput } = library;
  library.executeSingleOutput = function (name, ...rest) {
    operations.add(name);
    return executeSingleOutput.call(this, name, ...rest);
  };
});
afterAll(() => {
  for (const name of ["BatchMatMulV2", "Conv2D", "Conv2DBackpropFilter", "MaxPoolGrad"])
    expect(operations).toContain(name);
});

describe(`training on ${tensorflowPackages[backend]}`, () => {
  test.each(zoo)("follows tfjs's JavaScript and the compiled net for 20 steps: $name", async (net) => {
    await expectSameTrajectory(net, eager, native);
    await expectSameTrajectory(net, compiled, native);
  });

  it("gives the same bits each time", async () => {
    const net = zooNet("convolution and maximum pooling");
    expect(await trajectory(net, native)).toEqual(await trajectory(net, native));
  });

  it("shows that training diverges", async () => {
    const net = zooNet("optimizer: AdamW");
    const program = await createTrainingProgram({ ...net, batchSize, seed: 3, semantics: 2, executor: native });
    const rows = batchAt(net, 0);
    rows.x[1] = Number.NaN;
    expect((await program.step({ ...rows, stepIndex: 0 })).loss).toBeNaN();
    expect((await program.state())["dense_0/kernel"]?.some(Number.isNaN)).toBe(true);
    program.dispose();
  });

  it("keeps no tensor of a step, and none of a program that is disposed of", async () => {
    const net = zooNet("LSTM in two layers");
    const before = tf.memory().numTensors;
    const program = await createTrainingProgram({ ...net, batchSize, seed: 3, semantics: 2, executor: native });
    await program.step({ ...batchAt(net, 0), stepIndex: 0 });
    const whileLoaded = tf.memory().numTensors;
    for (let stepIndex = 1; stepIndex < 5; stepIndex++) await program.step({ ...batchAt(net, stepIndex), stepIndex });
    expect(tf.memory().numTensors).toBe(whileLoaded);
    program.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("the eager executor on TensorFlow", () => {
  it("is named after what its results depend on, and tells its library's version", () => {
    expect(native.name).toBe(`eager-${backend}-1`);
    expect(native.runtime).toMatch(/^tfjs-node(-gpu)? 4\.22\.0, TensorFlow 2\.\d+\.\d+$/);
  });

  it("refuses another number of threads in the same process", () => {
    expect(() => createEagerExecutor({ backend, threads: 2 })).toThrow(PlatformError);
    expect(() => createEagerExecutor({ backend, threads: 2 })).toThrow(/already runs .* on 1 threads/);
  });

  it("leaves the reference on its own backend when both take turns", async () => {
    const net = zooNet("linear model");
    const alone = await trajectory(net, eager);
    const [besides] = await Promise.all([trajectory(net, eager), trajectory(net, native)]);
    expect(besides).toEqual(alone);
  });
});
