import { mix } from "./distinct.js";

/**
 * A sample of numbers by which ranks are known: KLL (Karnin, Lang and Liberty, 2016). A number in `levels[h]` stands for
 * 2^h numbers. Up to `size` numbers all are kept; beyond, ranks err by at most about 2 / size. Which of two neighbours is kept
 * alternates instead of being drawn, so that the same numbers give the same sketch.
 */
export interface QuantileSketch {
  size: number;
  count: number;
  levels: number[][];
  /** By level: whether the next compaction keeps the second of each pair. */
  keepsSecond: boolean[];
}

/** Numbers, ascending, and how many each stands for. */
export interface Weighted {
  values: Float64Array;
  weights: Float64Array;
}

export function emptyQuantiles(size: number): QuantileSketch {
  return { size, count: 0, levels: [[]], keepsSecond: [false] };
}

/** How many numbers of a part are sorted; of more, one from each block of 2^h. */
const mostSorted = 2 ** 16;

/** The sketch of numbers in their order. They are sorted at once, so that ranks err less than if they came one by one. */
export function quantilesOf(numbers: Float64Array, size: number): QuantileSketch {
  const sketch = emptyQuantiles(size);
  const count = numbers.length;
  sketch.count = count;
  const sorted = (count <= mostSorted ? numbers.slice() : sampled(numbers)).sort();
  // As few levels as leave no more than `size` numbers; each kept number is in the middle of those it stands for.
  const level = Math.max(0, Math.ceil(Math.log2(count / size)));
  while (sketch.levels.length <= level) addLevel(sketch);
  const kept = Math.floor(count / 2 ** level);
  for (let index = 0; index < kept; index++)
    sketch.levels[level]?.push(sorted[Math.floor(((index + 0.5) * sorted.length) / kept)] ?? 0);
  return sketch;
}

function sampled(numbers: Float64Array): Float64Array {
  const block = 2 ** Math.ceil(Math.log2(numbers.length / mostSorted));
  const sample = new Float64Array(Math.floor(numbers.length / block));
  for (let index = 0; index < sample.length; index++) {
    // A place that changes from block to block: numbers that repeat at a fixed distance are met in all their places.
    sample[index] = numbers[index * block + ((mix(index) >>> 0) % block)] ?? 0;
  }
  return sample;
}

/** The sketch of the numbers of both. */
export function mergeQuantiles(a: QuantileSketch, b: QuantileSketch): QuantileSketch {
  const merged = emptyQuantiles(Math.min(a.size, b.size));
  merged.count = a.count + b.count;
  const height = Math.max(a.levels.length, b.levels.length);
  while (merged.levels.length < height) addLevel(merged);
  merged.levels = merged.levels.map((_, level) => [...(a.levels[level] ?? []), ...(b.levels[level] ?? [])]);
  merged.keepsSecond = merged.levels.map((_, level) => a.keepsSecond[level] !== b.keepsSecond[level]);
  compact(merged);
  return merged;
}

/** Whether every number is in the sketch. */
export function isExact({ levels }: QuantileSketch): boolean {
  return levels.every((level, height) => height === 0 || level.length === 0);
}

/** The kept numbers, ascending, with their weights, which sum to `count`. */
export function weightedNumbers({ levels, count }: QuantileSketch): Weighted {
  let all: Weighted = { values: new Float64Array(0), weights: new Float64Array(0) };
  levels.forEach((level, height) => {
    if (level.length > 0) all = mergeWeighted(all, Float64Array.from(level).sort(), 2 ** height);
  });
  const total = all.weights.reduce((sum, weight) => sum + weight, 0);
  // Rounding to powers of two has left a few out.
  return total === count ? all : { ...all, weights: all.weights.map((weight) => (weight * count) / total) };
}

function mergeWeighted(a: Weighted, values: Float64Array, weight: number): Weighted {
  const length = a.values.length + values.length;
  const merged = { values: new Float64Array(length), weights: new Float64Array(length) };
  let [i, j] = [0, 0];
  for (let index = 0; index < length; index++) {
    const takesFirst = j === values.length || (i < a.values.length && (a.values[i] ?? 0) <= (values[j] ?? 0));
    merged.values[index] = (takesFirst ? a.values[i] : values[j]) ?? 0;
    merged.weights[index] = takesFirst ? (a.weights[i] ?? 0) : weight;
    if (takesFirst) i++;
    else j++;
  }
  return merged;
}

/** The quantile at each probability, ascending: exact ones as in numpy, by linear interpolation. */
export function quantilesAt(sketch: QuantileSketch, probabilities: readonly number[]): number[] {
  const { values, weights } = weightedNumbers(sketch);
  if (values.length === 0) return probabilities.map(() => Number.NaN);
  if (isExact(sketch)) {
    return probabilities.map((probability) => {
      const place = probability * (values.length - 1);
      const [low, high] = [values[Math.floor(place)] ?? 0, values[Math.ceil(place)] ?? 0];
      return low + (high - low) * (place - Math.floor(place));
    });
  }
  let [index, below] = [0, weights[0] ?? 0];
  return probabilities.map((probability) => {
    while (below < probability * sketch.count && index + 1 < values.length) below += weights[++index] ?? 0;
    return values[index] ?? 0;
  });
}

/** Levels far below the top hold less, as their numbers stand for less. */
const capacity = (size: number, depth: number) => Math.max(8, Math.ceil(size * (2 / 3) ** depth));

function addLevel(sketch: QuantileSketch): void {
  sketch.levels.push([]);
  sketch.keepsSecond.push(false);
}

/** Halves levels that are too full: of each two neighbours in order, one goes on to the level above. */
function compact(sketch: QuantileSketch): void {
  const { size, levels, keepsSecond } = sketch;
  for (let height = 0; height < levels.length; height++) {
    const level = levels[height] as number[];
    if (level.length <= capacity(size, levels.length - 1 - height)) continue;
    if (height + 1 === levels.length) addLevel(sketch);
    level.sort((a, b) => a - b);
    // An odd number of them leaves one behind.
    const left = level.length % 2 === 1 ? level.pop() : undefined;
    const above = levels[height + 1] as number[];
    for (let index = keepsSecond[height] ? 1 : 0; index < level.length; index += 2) above.push(level[index] as number);
    keepsSecond[height] = !keepsSecond[height];
    level.length = 0;
    if (left !== undefined) level.push(left);
    // A level more leaves less room below: look again from the bottom.
    if (height + 2 === levels.length) height = -1;
  }
}
