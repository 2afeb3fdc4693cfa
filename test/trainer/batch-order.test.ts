import { describe, expect, it } from "vitest";
import { epochOrder, replayOrder } from "../../src/trainer/batch-order.js";

const epoch = (order: ReturnType<typeof epochOrder>, number: number) =>
  Array.from({ length: order.stepsPerEpoch }, (_, step) => [...order.rows(number, step)]);

describe("the order of an epoch", () => {
  it("contains every row once, in a different order each epoch, with a smaller last batch", () => {
    const order = epochOrder({ count: 50, batchSize: 16, seed: 1, shuffle: true });
    const [first, second] = [epoch(order, 0), epoch(order, 1)];
    expect(first.map((batch) => batch.length)).toEqual([16, 16, 16, 2]);
    for (const batches of [first, second])
      expect(batches.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, row) => row));
    expect(second).not.toEqual(first);
    expect(epoch(order, 0)).toEqual(first);
  });

  it("is the order of the rows without shuffling", () => {
    expect(epoch(epochOrder({ count: 5, batchSize: 2, seed: 1, shuffle: false }), 3)).toEqual([[0, 1], [2, 3], [4]]);
  });
});

describe("replay", () => {
  const options = { count: 130, firstNew: 100, batchSize: 16, seed: 3 };

  it.each([
    { fraction: 0, old: 0 },
    { fraction: 0.25, old: 4 },
    { fraction: 0.5, old: 8 },
    { fraction: 0.99, old: 15 },
  ])("draws $fraction of each batch from older rows", ({ fraction, old }) => {
    const batches = epoch(replayOrder({ ...options, fraction }), 0);
    expect(batches[0]?.filter((row) => row < 100)).toHaveLength(old);
    const fresh = batches.flat().filter((row) => row >= 100);
    expect(fresh.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, row) => 100 + row));
  });

  it("keeps the share in a last, smaller batch", () => {
    const last = epoch(replayOrder({ ...options, fraction: 0.5 }), 0).at(-1) ?? [];
    expect(last.filter((row) => row < 100)).toHaveLength(last.filter((row) => row >= 100).length);
  });

  it("uses all older rows before it repeats one", () => {
    const order = replayOrder({ ...options, fraction: 0.5 });
    const old = Array.from({ length: 4 }, (_, number) => epoch(order, number))
      .flat(2)
      .filter((row) => row < 100);
    expect(new Set(old.slice(0, 100)).size).toBe(Math.min(old.length, 100));
  });

  it.each([
    { case: "without older rows", firstNew: 0 },
    { case: "without new rows", firstNew: 130 },
  ])("is an ordinary pass $case", ({ firstNew }) => {
    const batches = epoch(replayOrder({ ...options, firstNew, fraction: 0.5 }), 0);
    expect(new Set(batches.flat()).size).toBe(130);
  });

  it.each([
    { fraction: 0, taken: "the new ones alone", rows: 30 },
    { fraction: 0.5, taken: "all, since one cannot be shared", rows: 130 },
  ])("in batches of one row takes, with a fraction of $fraction, $taken", ({ fraction, rows }) => {
    const batches = epoch(replayOrder({ ...options, batchSize: 1, fraction }), 0);
    expect(new Set(batches.flat()).size).toBe(rows);
    expect(batches).toHaveLength(rows);
  });
});
