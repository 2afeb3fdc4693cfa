import { describe, expect, it, test } from "vitest";
import { createOnnxExecutor } from "../../../src/engine/onnx/run/onnx-executor.js";
import { createTrainingProgram } from "../../../src/engine/programs/training-program.js";
import { compiled, eager } from "./compare.js";
import { batchAt, batchSize, expectSameTrajectory, trajectory } from "./trajectory.js";
import { zoo, zooNet } from "./zoo.js";

describe("a compiled net follows the eager one for 20 steps", () => {
  test.each(zoo)("$name", async (net) => {
    await expectSameTrajectory(net, eager, compiled);
  });
});

describe("a compiled net", () => {
  const net = zooNet("optimizer: AdamW");

  it.each([1, 2])("gives the same bits in every session, on %i threads", async (threads) => {
    const runs = await Promise.all([0, 1].map(() => trajectory(net, createOnnxExecutor({ provider: "cpu", threads }))));
    expect(runs[0]).toEqual(runs[1]);
  });

  it("shows that training diverges", async () => {
    const program = await createTrainingProgram({ ...net, batchSize, seed: 3, semantics: 2, executor: compiled });
    const rows = batchAt(net, 0);
    rows.x[1] = Number.NaN;
    expect((await program.step({ ...rows, stepIndex: 0 })).loss).toBeNaN();
    expect((await program.state())["dense_0/kernel"]?.some(Number.isNaN)).toBe(true);
    program.dispose();
  });
});
