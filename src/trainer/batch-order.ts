import { permutation, randomKey } from "../engine/tensors/random.js";

/** Which training rows each step uses. It follows from the seed and the step, so a resumed run needs no cursor. */
export interface BatchOrder {
  stepsPerEpoch: number;
  /** Row numbers within the training part. `step` counts within the epoch, both from 0. */
  rows(epoch: number, step: number): Uint32Array;
}

/** One pass over all rows per epoch, shuffled anew in each epoch if requested. The last batch may be smaller. */
export function epochOrder(options: { count: number; batchSize: number; seed: number; shuffle: boolean }): BatchOrder {
  const { count, batchSize } = options;
  const order = orderOf("shuffle", options);
  return {
    stepsPerEpoch: Math.ceil(count / batchSize),
    rows: (epoch, step) => order(epoch).subarray(step * batchSize, (step + 1) * batchSize),
  };
}

/**
 * An epoch is one pass over the *new* rows (those from `firstNew` on). A `fraction` of each batch comes from the older rows,
 * in passes over all of them. Rehearsal of old examples is the simplest way to prevent forgetting them
 * (Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", 1995). Without old rows, without new rows, or with
 * batches of one row, which cannot hold both, an epoch is one pass over all rows.
 */
export function replayOrder(options: {
  count: number;
  firstNew: number;
  batchSize: number;
  seed: number;
  fraction: number;
}): BatchOrder {
  const { count, firstNew, batchSize, seed, fraction } = options;
  const newCount = count - firstNew;
  const cannotShare = batchSize === 1 && fraction > 0;
  if (firstNew === 0 || newCount === 0 || cannotShare) return epochOrder({ ...options, shuffle: true });
  const replayed = Math.min(Math.round(batchSize * fraction), batchSize - 1);
  const fresh = batchSize - replayed;
  const stepsPerEpoch = Math.ceil(newCount / fresh);
  // A last batch with fewer new rows has fewer old ones too.
  const replayedBeside = (newRows: number) => Math.round((replayed * newRows) / fresh);
  const replayedPerEpoch = (stepsPerEpoch - 1) * replayed + replayedBeside(newCount - (stepsPerEpoch - 1) * fresh);
  const newOrder = orderOf("shuffle", { count: newCount, seed, shuffle: true });
  const oldOrder = orderOf("replay", { count: firstNew, seed, shuffle: true });
  return {
    stepsPerEpoch,
    rows(epoch, step) {
      const fromNew = newOrder(epoch).subarray(step * fresh, (step + 1) * fresh);
      const old = replayedBeside(fromNew.length);
      const batch = new Uint32Array(fromNew.length + old);
      fromNew.forEach((row, index) => {
        batch[index] = firstNew + row;
      });
      const start = epoch * replayedPerEpoch + step * replayed;
      for (let index = 0; index < old; index++) {
        const position = start + index;
        batch[fromNew.length + index] = oldOrder(Math.floor(position / firstNew))[position % firstNew] as number;
      }
      return batch;
    },
  };
}

/** The row order of each epoch (or pass), cached while it is in use. */
function orderOf(purpose: string, options: { count: number; seed: number; shuffle: boolean }) {
  let kept: { epoch: number; order: Uint32Array } | undefined;
  return (epoch: number): Uint32Array => {
    if (kept?.epoch !== epoch) {
      const order = options.shuffle
        ? permutation(randomKey(options.seed, purpose, epoch), options.count)
        : Uint32Array.from({ length: options.count }, (_, index) => index);
      kept = { epoch, order };
    }
    return kept.order;
  };
}
