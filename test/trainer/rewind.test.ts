import { expect, test } from "vitest";
import { describeEnvironment } from "../../src/trainer/environment.js";
import type { FromTrainer } from "../../src/trainer/protocol.js";
import { numberedFrom } from "../../src/trainer/rewind.js";

const here = describeEnvironment({ name: "onnx-cpu-1", runtime: "onnxruntime 1.30.0" });
const elsewhere = { ...here, executor: "onnx-cpu-2" };

/** What is stored, where the attempt begins and in which environments, and the number of the last point before it. */
const cases = [
  ["the beginning of a run", { head: 0, rewoundAt: 0 }, { step: 0, seq: 0, environments: [undefined] }, 0, false],
  [
    "no checkpoint, in the same environment",
    { head: 50, rewoundAt: 0 },
    { step: 0, seq: 0, environments: [here] },
    0,
    false,
  ],
  [
    "no checkpoint, in another environment",
    { head: 50, rewoundAt: 0 },
    { step: 0, seq: 0, environments: [elsewhere] },
    50,
    true,
  ],
  [
    "a checkpoint of the same environment",
    { head: 50, rewoundAt: 0 },
    { step: 30, seq: 33, environments: [here] },
    33,
    false,
  ],
  [
    "a checkpoint of another environment",
    { head: 50, rewoundAt: 0 },
    { step: 30, seq: 33, environments: [elsewhere] },
    50,
    true,
  ],
  [
    "a checkpoint of an unknown environment",
    { head: 50, rewoundAt: 0 },
    { step: 30, seq: 33, environments: [undefined] },
    33,
    false,
  ],
  [
    "a checkpoint of the same environment, with later points of another one",
    { head: 50, rewoundAt: 0 },
    { step: 30, seq: 33, environments: [here, elsewhere] },
    50,
    true,
  ],
  [
    "a checkpoint without later points",
    { head: 33, rewoundAt: 0 },
    { step: 30, seq: 33, environments: [elsewhere] },
    33,
    false,
  ],
  ["a checkpoint before a rewind", { head: 70, rewoundAt: 51 }, { step: 30, seq: 33, environments: [here] }, 70, true],
  ["a checkpoint after a rewind", { head: 70, rewoundAt: 51 }, { step: 40, seq: 60, environments: [here] }, 60, false],
  [
    "a checkpoint before a rewind without points",
    { head: 50, rewoundAt: 51 },
    { step: 30, seq: 50, environments: [here] },
    50,
    true,
  ],
] as const;

test.each(cases)(
  "an attempt that begins from %s numbers its points so that none is lost or confused with another",
  (...given) => {
    const [, measured, beginning, from, rewinds] = given;
    const told: FromTrainer[] = [];
    expect(numberedFrom(measured, beginning, here, (message) => told.push(message))).toBe(from);
    expect(told).toEqual(rewinds ? [{ type: "REWIND", seq: measured.head + 1, toStep: beginning.step }] : []);
  },
);
