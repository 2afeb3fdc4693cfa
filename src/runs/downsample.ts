/** The values of one metric with the numbers of their points, in order; both of the same length. */
export interface Curve {
  seqs: Int32Array;
  values: Float64Array;
}

/** NaN counts as above everything, as Postgres orders it: a curve that broke must show it. */
const isBelow = (a: number, b: number): boolean => a < b || (Number.isNaN(b) && !Number.isNaN(a));

/**
 * Indices of at most `maxPoints` points, in order: all where they are few, else of each of `maxPoints / 3` buckets of equal
 * size the first minimum, the first maximum and the last point. Below 3 there is room for the last point alone.
 */
export function downsample({ values }: Pick<Curve, "values">, maxPoints: number): number[] {
  const count = values.length;
  if (count <= maxPoints) return Array.from({ length: count }, (_, index) => index);
  if (maxPoints < 3) return [count - 1];
  const buckets = Math.floor(maxPoints / 3);
  const chosen: number[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const first = Math.ceil((bucket * count) / buckets);
    const last = Math.ceil(((bucket + 1) * count) / buckets) - 1;
    let lowest = first;
    let highest = first;
    for (let index = first + 1; index <= last; index++) {
      const value = values[index] as number;
      if (isBelow(value, values[lowest] as number)) lowest = index;
      else if (isBelow(values[highest] as number, value)) highest = index;
    }
    const [earlier, later] = lowest < highest ? [lowest, highest] : [highest, lowest];
    chosen.push(earlier);
    if (later > earlier) chosen.push(later);
    if (last > later) chosen.push(last);
  }
  return chosen;
}
