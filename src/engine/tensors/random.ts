import { createHash } from "node:crypto";

/**
 * Randomness without a hidden state: every number is a pure function of (seed, purpose, step, position), so that it is
 * the same on every executor, whatever was drawn before, and a run can be continued from nothing but a step number.
 *
 * The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** Upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middleLow = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
}

/**
 * One block of Philox4x32-10: ten rounds over a 128-bit counter with a 64-bit key, all as unsigned 32-bit words.
 * `out` receives the four words of the result.
 */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  out: Uint32Array = new Uint32Array(4),
): Uint32Array {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const high1 = multiplyHigh(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + weyl0) >>> 0;
    k1 = (k1 + weyl1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
  return out;
}

/**
 * The first `count` blocks of a stream, four words each: what `philox4x32` gives for the counters 0, 1, 2 …, made in one
 * loop of 32-bit integer arithmetic, since a mask can need 100,000 numbers a step. `count` below 2^32.
 */
export function philoxBlocks({ key, step }: RandomKey, count: number): Uint32Array {
  const out = new Uint32Array(count * 4);
  const stepLow = step | 0;
  const stepHigh = Math.floor(step / 2 ** 32) | 0;
  for (let block = 0; block < count; block++) {
    let c0 = block | 0;
    let c1 = 0;
    let c2 = stepLow;
    let c3 = stepHigh;
    let k0 = key[0] | 0;
    let k1 = key[1] | 0;
    for (let round = 0; round < 10; round++) {
      // Upper halves of the products with 0xd2511f53 and 0xcd9e8d57, in pieces of 16 bits.
      const low0 = c0 & 0xffff;
      const high0 = c0 >>> 16;
      const middle0 = (Math.imul(high0, 0x1f53) + (Math.imul(low0, 0x1f53) >>> 16)) | 0;
      const cross0 = (Math.imul(low0, 0xd251) + (middle0 & 0xffff)) | 0;
      const upper0 = (Math.imul(high0, 0xd251) + (middle0 >>> 16) + (cross0 >>> 16)) | 0;
      const low2 = c2 & 0xffff;
      const high2 = c2 >>> 16;
      const middle2 = (Math.imul(high2, 0x8d57) + (Math.imul(low2, 0x8d57) >>> 16)) | 0;
      const cross2 = (Math.imul(low2, 0xcd9e) + (middle2 & 0xffff)) | 0;
      const upper2 = (Math.imul(high2, 0xcd9e) + (middle2 >>> 16) + (cross2 >>> 16)) | 0;
      const next1 = Math.imul(c2, multiplier1);
      const next3 = Math.imul(c0, multiplier0);
      c0 = upper2 ^ c1 ^ k0;
      c2 = upper0 ^ c3 ^ k1;
      c1 = next1;
      c3 = next3;
      k0 = (k0 + weyl0) | 0;
      k1 = (k1 + weyl1) | 0;
    }
    const place = block * 4;
    out[place] = c0;
    out[place + 1] = c1;
    out[place + 2] = c2;
    out[place + 3] = c3;
  }
  return out;
}

/** Names one stream of random numbers. `step` is the optimizer step, the epoch, or whatever the purpose counts. */
export interface RandomKey {
  key: readonly [number, number];
  step: number;
}

/**
 * The key of the stream for a purpose, such as a parameter's name or `dropout_1`. The seed and the purpose are hashed, so
 * two purposes never share numbers by being alike.
 */
export function randomKey(seed: number, purpose: string, step = 0): RandomKey {
  const digest = createHash("sha256")
    .update(JSON.stringify([seed, purpose]))
    .digest();
  return { key: [digest.readUInt32LE(0), digest.readUInt32LE(4)], step };
}

/** The words of a stream, in order from its beginning. */
function words(random: RandomKey): () => number {
  const block = new Uint32Array(4);
  const stepLow = random.step >>> 0;
  const stepHigh = Math.floor(random.step / 2 ** 32) >>> 0;
  let counter = 0;
  let used = 4;
  return () => {
    if (used === 4) {
      philox4x32([counter >>> 0, Math.floor(counter / 2 ** 32), stepLow, stepHigh], random.key, block);
      counter++;
      used = 0;
    }
    return block[used++] as number;
  };
}

/** `count` numbers in [0, 1), each a multiple of 2^-24, so that all are exact in float32. */
export function uniform(random: RandomKey, count: number): Float32Array {
  const next = words(random);
  return Float32Array.from({ length: count }, () => (next() >>> 8) * 2 ** -24);
}

/** Standard normal numbers by Box-Muller, in float64. */
function normals(next: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    // (0, 1]: the logarithm of 0 must never be taken.
    const radius = Math.sqrt(-2 * Math.log((next() + 1) * 2 ** -32));
    const angle = 2 * Math.PI * next() * 2 ** -32;
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** `count` standard normal numbers. */
export function normal(random: RandomKey, count: number): Float64Array {
  const next = normals(words(random));
  return Float64Array.from({ length: count }, next);
}

/** `count` standard normal numbers, those beyond two standard deviations drawn again. */
export function truncatedNormal(random: RandomKey, count: number): Float64Array {
  const next = normals(words(random));
  return Float64Array.from({ length: count }, () => {
    let value = next();
    while (Math.abs(value) > 2) value = next();
    return value;
  });
}

/**
 * A dropout mask of `count` numbers: 0 with probability `rate` (to a multiple of 2^-16), otherwise what keeps the expected
 * value of what it multiplies, `1 / (1 - rate)` for the probability as it is taken. `rate` in [0, 1).
 */
export function dropoutMask(random: RandomKey, count: number, rate: number): Float32Array {
  // Sixteen bits decide one number, the lower half of a word first: half as many words as numbers.
  const words = philoxBlocks(random, Math.ceil(count / 8));
  const threshold = Math.min(Math.round(rate * 2 ** 16), 2 ** 16 - 1);
  const scale = 2 ** 16 / (2 ** 16 - threshold);
  const mask = new Float32Array(count);
  // The sign of the difference instead of a comparison: a processor guesses wrong at every coin toss.
  for (let index = 0, place = 0; index < count; index += 2, place++) {
    const word = words[place] as number;
    mask[index] = ((((word & 0xffff) - threshold) >> 31) + 1) * scale;
    // Beyond an odd count there is nothing to write to, and writing there does nothing.
    mask[index + 1] = ((((word >>> 16) - threshold) >> 31) + 1) * scale;
  }
  return mask;
}

/** What numbers are drawn: `bernoulli` as a dropout mask has them, or normal ones around 0. */
export type Distribution = { kind: "bernoulli"; rate: number } | { kind: "normal"; stddev: number };

/** `count` numbers of a distribution. */
export function draw(random: RandomKey, count: number, distribution: Distribution): Float32Array {
  if (distribution.kind === "bernoulli") return dropoutMask(random, count, distribution.rate);
  const next = normals(words(random));
  const numbers = new Float32Array(count);
  for (let index = 0; index < count; index++) numbers[index] = distribution.stddev * next();
  return numbers;
}

/** The numbers 0 to count - 1 in random order (Fisher-Yates). */
export function permutation(random: RandomKey, count: number): Uint32Array {
  const next = words(random);
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = Math.floor((next() * (last + 1)) / 2 ** 32);
    const value = order[last] as number;
    order[last] = order[chosen] as number;
    order[chosen] = value;
  }
  return order;
}
