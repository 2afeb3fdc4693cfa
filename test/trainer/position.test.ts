import { describe, expect, it } from "vitest";
import type { Schedule } from "../../src/language/schedules/schedules.js";
import { checkpointFile } from "../../src/trainer/checkpoint.js";
import { Position } from "../../src/trainer/position.js";

const length = { epochs: 3, stepsPerEpoch: 2 };
const constant = { type: "constant", value: 0.1 } as unknown as Schedule;
const plateau: Schedule = {
  ...{ type: "reduceOnPlateau", initial: 0.05, monitor: null, mode: null, factor: 0.5, patience: 1 },
  ...{ minDelta: 0, cooldown: 0, minLearningRate: 0 },
};
const result = (loss: number) => ({ loss, predictions: Float32Array.of(loss, loss + 1) });

/** Makes so many steps, with a point at each; epochs end as they come. */
function advance(position: Position, steps: number): void {
  for (let index = 0; index < steps; index++) {
    position.completeStep(result(position.step));
    position.nextPoint({ name: "loss", value: 0 });
    if (!position.endsEpoch) continue;
    position.completeEpoch([{ name: "epoch_loss", value: position.epoch }]);
    position.nextPoint({ name: "epoch_loss", value: 0 });
  }
}

describe("a position", () => {
  it("counts steps, epochs and points from the first step to the end", () => {
    const position = new Position(length, constant);
    expect(position.progress).toEqual({ epoch: 1, epochs: 3, step: 0, steps: 6 });
    const points: { seq: number; step: number; epoch: number }[] = [];
    const point = () => {
      const { seq, step, epoch } = position.nextPoint({ name: "loss", value: 1 });
      points.push({ seq, step, epoch });
    };
    for (let step = 0; step < 6; step++) {
      expect([position.step, position.finished]).toEqual([step, false]);
      position.completeStep(result(0));
      point();
      if (position.endsEpoch) {
        position.completeEpoch([]);
        // The epoch that has just ended.
        point();
      }
    }
    expect(points).toEqual([
      { seq: 1, step: 1, epoch: 1 },
      { seq: 2, step: 2, epoch: 1 },
      { seq: 3, step: 2, epoch: 1 },
      { seq: 4, step: 3, epoch: 2 },
      { seq: 5, step: 4, epoch: 2 },
      { seq: 6, step: 4, epoch: 2 },
      { seq: 7, step: 5, epoch: 3 },
      { seq: 8, step: 6, epoch: 3 },
      { seq: 9, step: 6, epoch: 3 },
    ]);
    expect(position.finished).toBe(true);
    expect(position.progress).toEqual({ epoch: 3, epochs: 3, step: 6, steps: 6 });
  });

  it.each([1, 2, 3, 5])("that is stored after %i steps and resumed continues as if it had never stopped", (stop) => {
    const straight = new Position(length, plateau);
    advance(straight, 6);
    const stopped = new Position(length, plateau);
    advance(stopped, stop);
    const stored = structuredClone(stopped.toStored());
    const resumed = new Position(length, plateau, stored);
    expect(resumed.toStored()).toEqual(stored);
    advance(resumed, 6 - stop);
    expect(resumed.toStored()).toEqual(straight.toStored());
    // What it was resumed from is not changed.
    expect(stored).toEqual(stopped.toStored());
  });

  it("can number its points after those that are stored", () => {
    const stored = new Position(length, constant);
    advance(stored, 3);
    const renumbered = new Position(length, constant, stored.toStored(), 50);
    expect(renumbered.nextPoint({ name: "loss", value: 1 }).seq).toBe(51);
    expect(renumbered.toStored().seq).toBe(51);
  });

  it("keeps copies of predictions, whose memory the program reuses", () => {
    const position = new Position(length, constant);
    const predictions = Float32Array.of(1, 2);
    position.completeStep({ loss: 0, predictions });
    predictions.fill(9);
    expect(position.toStored().epochOutputs).toEqual(Float32Array.of(1, 2));
  });

  it("starts the learning rate of a plateau that its checkpoint does not know", () => {
    const { plateau: _, ...old } = new Position(length, plateau).toStored();
    expect(new Position(length, plateau, old as never).plateau?.learningRate).toBe(0.05);
    expect(new Position(length, constant).plateau).toBeNull();
  });

  it("is written to checkpoints with its fields in the order that gives the same bytes as in every release", () => {
    const position = new Position(length, plateau);
    advance(position, 3);
    const file = checkpointFile("run", position.toStored(), { weight: 1 });
    const bytes = new Uint8Array(file.sizeBytes);
    file.open(bytes);
    const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const { __metadata__: metadata } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
    expect(metadata.position).toBe(
      `{"epoch":1,"stepInEpoch":1,"seq":4,"earlyStopping":{"best":null,"bestEpoch":0,"wait":0,"bestValues":[]},` +
        `"plateau":{"learningRate":0.05,"best":null,"wait":0,"cooldown":0},` +
        `"lastValues":[{"name":"epoch_loss","value":0}],"finished":false}`,
    );
  });
});
