export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Numbers in [0, 1) that are the same on every run (mulberry32). */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The ratio of the medians with its 95 % interval, by the percentiles of a bootstrap over rounds. Rounds are drawn in
 * pairs, because what disturbs a round disturbs both participants.
 */
export function ratioOfMedians(numerators, denominators, resamples = 10_000) {
  const count = numerators.length;
  const random = generator(1);
  const ratios = Array.from({ length: resamples }, () => {
    const drawn = Array.from({ length: count }, () => Math.floor(random() * count));
    return median(drawn.map((round) => numerators[round])) / median(drawn.map((round) => denominators[round]));
  }).sort((a, b) => a - b);
  const at = (quantile) => ratios[Math.round(quantile * (resamples - 1))];
  return { ratio: median(numerators) / median(denominators), interval: [at(0.025), at(0.975)] };
}
