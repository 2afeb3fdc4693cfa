/** What has to become free on a device, or what a run would free. */
export interface Shortage {
  slots: number;
  memoryBytes: number;
}

/** How many sets the search tries before it settles for a small one that may not be the smallest. */
const mostLookups = 10_000;

/**
 * The smallest set of holders that together hold enough; among sets of equal size the one with the most preferred members.
 * Undefined if all of them together do not hold enough.
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

/** A set in which every member is needed; the least preferred are left out first. */
function noneToSpare<Holder extends Shortage>(holders: readonly Holder[], short: Shortage): Holder[] {
  let kept = [...holders];
  for (const holder of holders.toReversed()) {
    const others = kept.filter((other) => other !== holder);
    if (covers(others, short)) kept = others;
  }
  return kept;
}
