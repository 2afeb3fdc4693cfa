/** What has to become free. */
export interface Shortage {
  slots: number;
  memoryBytes: number;
}

/** Sets that are looked at before the search settles for one that is small but perhaps not the smallest. */
const mostLookups = 10_000;

/**
 * The smallest set whose members together hold what is short; among sets of one size that with the most preferred
 * members. Undefined when even all together do not hold enough.
 *
 * @param holders the most preferred first.
 */
export function fewest<Holder extends Shortage>(holders: readonly Holder[], short: Shortage): Holder[] | undefined {
  if (!covers(holders, short)) return undefined;
  let lookups = 0;
  const search = (from: number, size: number, rest: Shortage): Holder[] | undefined => {
    if (rest.slots <= 0 && rest.memoryBytes <= 0) return [];
    if (size === 0 || ++lookups > mostLookups) return undefined;
    for (let index = from; index < holders.length; index++) {
      const holder = holders[index] as Holder;
      const others = search(index + 1, size - 1, without(rest, holder));
      if (others) return [holder, ...others];
    }
    return undefined;
  };
  for (let size = 1; size <= holders.length && lookups <= mostLookups; size++) {
    const found = search(0, size, short);
    if (found) return found;
  }
  return noneToSpare(holders, short);
}

const without = (short: Shortage, { slots, memoryBytes }: Shortage): Shortage => ({
  slots: short.slots - slots,
  memoryBytes: short.memoryBytes - memoryBytes,
});

function covers(holders: readonly Shortage[], short: Shortage): boolean {
  const rest = holders.reduce(without, short);
  return rest.slots <= 0 && rest.memoryBytes <= 0;
}

/** A set of which every member is needed: the least preferred are spared first. */
function noneToSpare<Holder extends Shortage>(holders: readonly Holder[], short: Shortage): Holder[] {
  let kept = [...holders];
  for (const holder of holders.toReversed()) {
    const others = kept.filter((other) => other !== holder);
    if (covers(others, short)) kept = others;
  }
  return kept;
}
