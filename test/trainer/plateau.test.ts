import { describe, expect, it } from "vitest";
import type { ReduceOnPlateau } from "../../src/language/schedules/schedules.js";
import type { TrainingSemantics } from "../../src/language/training/training.js";
import { freshPlateau, judgePlateau, type PlateauState } from "../../src/trainer/plateau.js";
import { updates } from "../engine/updates.js";

const plain: ReduceOnPlateau = {
  ...{ type: "reduceOnPlateau", initial: 0.1, monitor: "value", mode: "MIN", factor: 0.1, patience: 10 },
  ...{ minDelta: 1e-4, cooldown: 0, minLearningRate: 0 },
};

const cases: Record<string, Partial<ReduceOnPlateau>> = {
  "patience 2": { patience: 2, factor: 0.5 },
  "cooldown 2": { patience: 2, factor: 0.5, cooldown: 2 },
  "a least rate": { patience: 1, factor: 0.1, minLearningRate: 0.002 },
  "patience 0": { patience: 0, factor: 0.9, minDelta: 0.05 },
  "larger is better": { mode: "MAX", patience: 3, factor: 0.5, cooldown: 1 },
};

function follow(
  schedule: ReduceOnPlateau,
  epochs: { name: string; value: number }[][],
  semantics?: TrainingSemantics,
): number[] {
  let state = freshPlateau(schedule) as PlateauState;
  return epochs.map((values) => {
    state = judgePlateau(schedule, state, values, semantics);
    return state.learningRate;
  });
}

describe("a learning rate that falls on a plateau", () => {
  it("covers every trajectory that Keras computed", () => {
    expect(Object.keys(cases)).toEqual(Object.keys(updates.plateaus));
  });

  it.each(Object.entries(cases))("with %s follows Keras's callback", (name, change) => {
    const { values, rates } = updates.plateaus[name] as { values: number[]; rates: number[] };
    const actual = follow(
      { ...plain, ...change },
      values.map((value) => [{ name: "value", value }]),
    );
    actual.forEach((rate, epoch) => {
      expect(rate, `epoch ${epoch + 1}`).toBeCloseTo(rates[epoch] as number, 7);
    });
  });

  it("monitors val_loss by default, or epoch_loss without validation rows, and minimizes it", () => {
    const schedule = { ...plain, monitor: null, mode: null, patience: 1, factor: 0.5 };
    const both = (epoch_loss: number, val_loss: number) => [
      { name: "epoch_loss", value: epoch_loss },
      { name: "val_loss", value: val_loss },
    ];
    expect(follow(schedule, [both(3, 3), both(2, 4), both(1, 2)])).toEqual([0.1, 0.05, 0.05]);
    expect(
      follow(
        schedule,
        [3, 4, 2].map((value) => [{ name: "epoch_loss", value }]),
      ),
    ).toEqual([0.1, 0.05, 0.05]);
    const accuracy = [1, 2, 1].map((value) => [{ name: "val_accuracy", value }]);
    expect(follow({ ...schedule, monitor: "val_accuracy" }, accuracy)).toEqual([0.1, 0.1, 0.05]);
  });

  it("does not change if the monitored value is missing", () => {
    expect(follow({ ...plain, patience: 0 }, [[], []])).toEqual([0.1, 0.1]);
  });

  it("does not take NaN for an improvement, even in the first epoch, as Keras does", () => {
    const schedule = { ...plain, patience: 2, factor: 0.5 };
    const epochs = [Number.NaN, 3, 2, 1].map((value) => [{ name: "value", value }]);
    expect(follow(schedule, epochs)).toEqual([0.1, 0.1, 0.1, 0.1]);
    const never = [Number.NaN, Number.NaN].map((value) => [{ name: "value", value }]);
    expect(follow(schedule, never)).toEqual([0.1, 0.05]);
    // Under semantics 1 a first NaN was the best for ever.
    expect(follow(schedule, epochs, 1)).toEqual([0.1, 0.1, 0.05, 0.05]);
  });

  it("is the only schedule with a state", () => {
    expect(freshPlateau({ type: "constant", value: 1 })).toBeNull();
  });
});
