import { describe, expect, it } from "vitest";
import type { EarlyStopping } from "../../src/language/training/training.js";
import { describeBest, freshEarlyStopping, judgeEpoch } from "../../src/trainer/early-stopping.js";

const policy: EarlyStopping = {
  ...{ monitor: "val_loss", mode: "MIN", patience: 2, minDelta: 0, restoreBest: true, startFromEpoch: 0 },
};

/** The epoch that a sequence of measurements stops in (from 1), and the best one. */
function follow(policy: EarlyStopping, values: number[]) {
  let state = freshEarlyStopping;
  for (const [index, value] of values.entries()) {
    const verdict = judgeEpoch(policy, state, index + 1, [{ name: "val_loss", value }]);
    state = verdict.state;
    if (verdict.stop) return { stopped: index + 1, best: state.bestEpoch };
  }
  return { stopped: null, best: state.bestEpoch };
}

describe("early stopping", () => {
  it.each([
    {
      case: "stops after `patience` epochs without improvement",
      change: {},
      values: [3, 2, 2.5, 2.1, 1],
      stopped: 4,
      best: 2,
    },
    { case: "goes on while it improves", change: {}, values: [3, 2, 1], stopped: null, best: 3 },
    {
      case: "counts an improvement of at most minDelta for none",
      change: { minDelta: 0.5 },
      values: [3, 2.6, 2.55],
      stopped: 3,
      best: 1,
    },
    {
      case: "maximizes with mode MAX",
      change: { mode: "MAX" as const },
      values: [1, 2, 1.5, 1.9],
      stopped: 4,
      best: 2,
    },
    {
      case: "ignores epochs up to startFromEpoch",
      change: { startFromEpoch: 2 },
      values: [0, 0, 3, 2, 4, 4],
      stopped: 6,
      best: 4,
    },
    {
      case: "with patience 0 stops at the first epoch that is no better",
      change: { patience: 0 },
      values: [3, 3],
      stopped: 2,
      best: 1,
    },
    { case: "never takes NaN for the best", change: {}, values: [Number.NaN, 3, 2], stopped: null, best: 3 },
  ])("$case", ({ change, values, stopped, best }) => {
    expect(follow({ ...policy, ...change }, values)).toEqual({ stopped, best });
  });
});

it("names the best epoch, or says that the metric was never a number", () => {
  const policy = { monitor: "auc" } as EarlyStopping;
  expect(describeBest(policy, { ...freshEarlyStopping, bestEpoch: 3 })).toBe("auc was best in epoch 3");
  expect(describeBest(policy, freshEarlyStopping)).toBe("auc was never a number");
});
