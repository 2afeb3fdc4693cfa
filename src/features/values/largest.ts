/**
 * The indices of the `most` largest of `count` numbers, the largest first, of equals the first; without sorting all of them:
 * candidates are sorted whenever twice as many as wanted have come.
 */
export function largest(count: number, most: number, valueAt: (index: number) => number): number[] {
  let candidates: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  const settle = () => {
    candidates.sort((a, b) => valueAt(b) - valueAt(a) || a - b);
    candidates = candidates.slice(0, most);
    if (candidates.length === most) least = valueAt(candidates[most - 1] as number);
  };
  for (let index = 0; index < count; index++) {
    if (!(valueAt(index) > least)) continue;
    if (candidates.push(index) >= 2 * most) settle();
  }
  settle();
  return candidates;
}
