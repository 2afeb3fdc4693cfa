import { expect, it, test } from "vitest";
import { fans, initialize } from "../../src/engine/tensors/initializers.js";
import { randomKey } from "../../src/engine/tensors/random.js";
import type { Initializer } from "../../src/language/layers/initializer.js";

const key = randomKey(3, "initializers");
const shape = [200, 300];

test.each<[Initializer, number]>([
  [{ type: "ZEROS" }, 0],
  [{ type: "ONES" }, 1],
  [{ type: "CONSTANT", value: 2.5 }, 2.5],
])("%j fills with one value", (initializer, value) => {
  expect(initialize(initializer, [2, 3], key)).toEqual(new Float32Array(6).fill(value));
});

// Variances of Keras 3: scale / fan; a uniform distribution of variance v is bounded by the root of 3 v.
test.each<{ initializer: Initializer; mean?: number; variance: number; bound?: number }>([
  { initializer: { type: "GLOROT_UNIFORM" }, variance: 1 / 250, bound: Math.sqrt(6 / 500) },
  { initializer: { type: "GLOROT_NORMAL" }, variance: 1 / 250, bound: (2 * Math.sqrt(1 / 250)) / 0.8796256 },
  { initializer: { type: "HE_UNIFORM" }, variance: 2 / 200, bound: Math.sqrt(6 / 200) },
  { initializer: { type: "HE_NORMAL" }, variance: 2 / 200, bound: (2 * Math.sqrt(2 / 200)) / 0.8796256 },
  { initializer: { type: "LECUN_UNIFORM" }, variance: 1 / 200, bound: Math.sqrt(3 / 200) },
  { initializer: { type: "LECUN_NORMAL" }, variance: 1 / 200, bound: (2 * Math.sqrt(1 / 200)) / 0.8796256 },
  {
    initializer: { type: "RANDOM_UNIFORM", minval: -0.05, maxval: 0.15 },
    mean: 0.05,
    variance: 0.04 / 12,
    bound: 0.15,
  },
  { initializer: { type: "RANDOM_NORMAL", mean: 0.2, stddev: 0.05 }, mean: 0.2, variance: 0.0025 },
  { initializer: { type: "TRUNCATED_NORMAL", mean: 0, stddev: 1 }, variance: 0.8796256 ** 2, bound: 2 },
])(
  "$initializer.type has the mean, variance and bounds of its definition",
  ({ initializer, mean = 0, variance, bound }) => {
    const values = Array.from(initialize(initializer, shape, key));
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = values.reduce((a, b) => a + (b - average) ** 2, 0) / values.length;
    expect(Math.abs(average - mean)).toBeLessThan(4 * Math.sqrt(variance / values.length));
    expect(spread / variance).toBeGreaterThan(0.97);
    expect(spread / variance).toBeLessThan(1.03);
    if (bound) expect(Math.max(...values.map(Math.abs))).toBeLessThanOrEqual(bound * 1.000001);
  },
);

test.each([[[6, 4]], [[4, 6]], [[5, 5]], [[3, 2, 4]]])(
  "ORTHOGONAL %j has orthonormal rows or columns times the gain",
  (dimensions) => {
    const matrix = initialize({ type: "ORTHOGONAL", gain: 2 }, dimensions, key);
    const columns = dimensions.at(-1) as number;
    const rows = matrix.length / columns;
    const at = (row: number, column: number) => matrix[row * columns + column] as number;
    const [vectors, length] = rows >= columns ? [columns, rows] : [rows, columns];
    const entry = (vector: number, index: number) => (rows >= columns ? at(index, vector) : at(vector, index));
    for (let a = 0; a < vectors; a++) {
      for (let b = 0; b < vectors; b++) {
        let product = 0;
        for (let index = 0; index < length; index++) product += entry(a, index) * entry(b, index);
        expect(product).toBeCloseTo(a === b ? 4 : 0, 5);
      }
    }
  },
);

it("ORTHOGONAL refuses a vector", () => {
  expect(() => initialize({ type: "ORTHOGONAL", gain: 1 }, [4], key)).toThrow(/at least two dimensions/);
});

it("fans count a receptive field, as in Keras", () => {
  expect(fans([])).toEqual({ fanIn: 1, fanOut: 1 });
  expect(fans([7])).toEqual({ fanIn: 7, fanOut: 7 });
  expect(fans([3, 3, 16, 32])).toEqual({ fanIn: 144, fanOut: 288 });
});
