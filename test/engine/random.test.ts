import { describe, expect, it, test } from "vitest";
import {
  draw,
  dropoutMask,
  normal,
  permutation,
  philox4x32,
  philoxBlocks,
  randomKey,
  truncatedNormal,
  uniform,
} from "../../src/engine/tensors/random.js";

type Counter = [number, number, number, number];

const published: { counter: Counter; key: [number, number]; result: number[] }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], result: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    result: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    result: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test.each(published)("Philox4x32-10 gives the published answer for counter $counter", ({ counter, key, result }) => {
  expect([...philox4x32(counter, key)]).toEqual(result);
});

describe("a stream", () => {
  it("depends on seed, purpose and step, and on nothing else", () => {
    const first = uniform(randomKey(1, "shuffle", 3), 5);
    expect(uniform(randomKey(1, "shuffle", 3), 8).subarray(0, 5)).toEqual(first);
    for (const other of [randomKey(2, "shuffle", 3), randomKey(1, "shuffled", 3), randomKey(1, "shuffle", 4)]) {
      expect(uniform(other, 5)).not.toEqual(first);
    }
  });

  it("has steps beyond 32 bits", () => {
    expect(uniform(randomKey(1, "p", 2 ** 32), 4)).not.toEqual(uniform(randomKey(1, "p", 0), 4));
  });
});

function moments(values: ArrayLike<number>) {
  const list = Array.from(values);
  const mean = list.reduce((a, b) => a + b, 0) / list.length;
  return { mean, variance: list.reduce((a, b) => a + (b - mean) ** 2, 0) / list.length };
}

describe("distributions", () => {
  const key = randomKey(42, "distributions");

  it("uniform numbers lie in [0, 1) with mean 1/2 and variance 1/12", () => {
    const values = uniform(key, 100_000);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(moments(values).mean).toBeCloseTo(0.5, 2);
    expect(moments(values).variance).toBeCloseTo(1 / 12, 3);
  });

  it("normal numbers have mean 0 and variance 1", () => {
    expect(moments(normal(key, 100_001)).mean).toBeCloseTo(0, 1.7);
    expect(moments(normal(key, 100_001)).variance).toBeCloseTo(1, 1.7);
  });

  it("truncated normal numbers stay within two deviations", () => {
    const values = truncatedNormal(key, 50_000);
    expect(values.every((value) => Math.abs(value) <= 2)).toBe(true);
    expect(Math.sqrt(moments(values).variance)).toBeCloseTo(0.8796, 2);
  });

  it("blocks made together are those made one by one", () => {
    const far = { key: [0xffffffff, 0x80000001] as const, step: 2 ** 40 + 5 };
    for (const random of [key, far]) {
      const {
        key: [k0, k1],
        step,
      } = random;
      const expected = Array.from({ length: 50 }, (_, block) => [
        ...philox4x32([block, 0, step >>> 0, Math.floor(step / 2 ** 32)], [k0, k1]),
      ]);
      expect([...philoxBlocks(random, 50)]).toEqual(expected.flat());
    }
  });

  it("a dropout mask drops the given share and keeps the expected value", () => {
    const mask = dropoutMask(key, 100_000, 0.3);
    expect(new Set(mask)).toEqual(new Set([0, Math.fround(2 ** 16 / (2 ** 16 - Math.round(0.3 * 2 ** 16)))]));
    expect([...mask].filter((value) => value === 0).length / mask.length).toBeCloseTo(0.3, 2);
    expect(moments(mask).mean).toBeCloseTo(1, 1.7);
    expect(dropoutMask(key, 100, 0).every((value) => value === 1)).toBe(true);
  });

  it("the random inputs of a graph are dropout masks or scaled normal numbers", () => {
    expect(draw(key, 100, { kind: "bernoulli", rate: 0.3 })).toEqual(dropoutMask(key, 100, 0.3));
    const scaled = Float32Array.from(normal(key, 101), (value) => 0.2 * value);
    expect(draw(key, 101, { kind: "normal", stddev: 0.2 })).toEqual(scaled);
  });

  it("a permutation holds every index once, in an order that differs from step to step", () => {
    const order = permutation(randomKey(1, "shuffle", 0), 1000);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(order).not.toEqual(permutation(randomKey(1, "shuffle", 1), 1000));
    expect([...permutation(key, 0)]).toEqual([]);
    expect([...permutation(key, 1)]).toEqual([0]);
  });

  it("every permutation of three is about equally likely", () => {
    const counts = new Map<string, number>();
    for (let step = 0; step < 6000; step++) {
      const order = permutation(randomKey(9, "three", step), 3).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
