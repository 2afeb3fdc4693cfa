import { PlatformError } from "../../errors.js";
import type { ParameterInitializer } from "../../language/layers/parameter.js";
import { normal, type RandomKey, truncatedNormal, uniform } from "./random.js";

/** Standard deviation of a standard normal truncated at two: dividing by it restores the variance that was asked for. */
const truncatedDeviation = 0.87962566103423978;

/** Product of the dimensions; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((size, dimension) => size * dimension, 1);
}

/** Inputs and outputs of one unit, as Keras counts them: all but the last two dimensions are a receptive field. */
export function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  if (shape.length === 0) return { fanIn: 1, fanOut: 1 };
  if (shape.length === 1) return { fanIn: shape[0] as number, fanOut: shape[0] as number };
  const field = elementCount(shape.slice(0, -2));
  return { fanIn: (shape.at(-2) as number) * field, fanOut: (shape.at(-1) as number) * field };
}

/** Keras 3's variance scaling: variance `scale / n`, `n` being the fan in or the average of both fans. */
const varianceScaling = {
  GLOROT_UNIFORM: { scale: 1, mode: "average", distribution: "uniform" },
  GLOROT_NORMAL: { scale: 1, mode: "average", distribution: "normal" },
  HE_UNIFORM: { scale: 2, mode: "fanIn", distribution: "uniform" },
  HE_NORMAL: { scale: 2, mode: "fanIn", distribution: "normal" },
  LECUN_UNIFORM: { scale: 1, mode: "fanIn", distribution: "uniform" },
  LECUN_NORMAL: { scale: 1, mode: "fanIn", distribution: "normal" },
} as const;

/**
 * A parameter's first values, row-major, by Keras 3's definitions (the numbers themselves differ: they come from Philox).
 * @throws PlatformError BAD_INPUT when ORTHOGONAL is asked for fewer than two dimensions.
 */
export function initialize(
  initializer: ParameterInitializer,
  shape: readonly number[],
  random: RandomKey,
): Float32Array {
  const size = elementCount(shape);
  switch (initializer.type) {
    case "ZEROS":
      return new Float32Array(size);
    case "ONES":
      return new Float32Array(size).fill(1);
    case "CONSTANT":
      return new Float32Array(size).fill(initializer.value);
    case "RANDOM_UNIFORM": {
      const { minval, maxval } = initializer;
      return uniform(random, size).map((value) => minval + value * (maxval - minval));
    }
    case "RANDOM_NORMAL":
      return Float32Array.from(normal(random, size), (value) => initializer.mean + value * initializer.stddev);
    case "TRUNCATED_NORMAL":
      return Float32Array.from(truncatedNormal(random, size), (value) => initializer.mean + value * initializer.stddev);
    case "ORTHOGONAL":
      return orthogonal(shape, initializer.gain, random);
    case "UNIT_FORGET": {
      const quarter = size / 4;
      const values = new Float32Array(size).fill(1);
      values.set(initialize(initializer.others, [quarter], random));
      values.set(initialize(initializer.others, [2 * quarter], { ...random, step: random.step + 1 }), 2 * quarter);
      return values;
    }
    default: {
      const { scale, mode, distribution } = varianceScaling[initializer.type];
      const { fanIn, fanOut } = fans(shape);
      const variance = scale / Math.max(1, mode === "fanIn" ? fanIn : (fanIn + fanOut) / 2);
      if (distribution === "uniform") {
        const limit = Math.sqrt(3 * variance);
        return uniform(random, size).map((value) => (2 * value - 1) * limit);
      }
      const stddev = Math.sqrt(variance) / truncatedDeviation;
      return Float32Array.from(truncatedNormal(random, size), (value) => value * stddev);
    }
  }
}

/**
 * Orthonormal rows or columns (whichever are fewer) from the QR factorization of a normal matrix whose R has a positive
 * diagonal, which makes the result uniform over the orthogonal matrices (Saxe et al. 2013; Mezzadri 2006).
 */
function orthogonal(shape: readonly number[], gain: number, random: RandomKey): Float32Array {
  if (shape.length < 2) {
    throw new PlatformError("BAD_INPUT", `ORTHOGONAL needs at least two dimensions, not [${shape.join(", ")}].`);
  }
  const columns = shape.at(-1) as number;
  const rows = elementCount(shape) / columns;
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  const basis = orthonormalBasis(normal(random, length * count), length, count);
  const matrix = new Float32Array(rows * columns);
  for (let vector = 0; vector < count; vector++) {
    for (let index = 0; index < length; index++) {
      const target = rows >= columns ? index * columns + vector : vector * columns + index;
      matrix[target] = gain * (basis[vector * length + index] as number);
    }
  }
  return matrix;
}

/**
 * Gram-Schmidt over `count` vectors of `length` numbers laid one after the other; in place. Each vector is projected
 * twice, which keeps orthogonality at rounding level (Giraud et al. 2005).
 */
function orthonormalBasis(vectors: Float64Array, length: number, count: number): Float64Array {
  for (let current = 0; current < count; current++) {
    const vector = vectors.subarray(current * length, (current + 1) * length);
    for (let pass = 0; pass < 2; pass++) {
      for (let previous = 0; previous < current; previous++) {
        const other = vectors.subarray(previous * length, (previous + 1) * length);
        const projection = dot(vector, other);
        for (let index = 0; index < length; index++) {
          vector[index] = (vector[index] as number) - projection * (other[index] as number);
        }
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let index = 0; index < length; index++) vector[index] = (vector[index] as number) / norm;
  }
  return vectors;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] as number) * (b[index] as number);
  return sum;
}
