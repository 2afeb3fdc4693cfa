import { hash } from "node:crypto";
import { type Split, type SplitPart, splitParts } from "../language/datasets/dataset.js";

/** Rows of each part. */
export type SplitCounts = Record<SplitPart, number>;

/** Shares are counted in millionths, so that every bound below is exact in a 64-bit float. */
const whole = 1_000_000;

/**
 * Divides the rows of one stratum in the order of their arrival. After any number of rows, each part has its exact share of
 * them, rounded up or down.
 *
 * The definition, which must never change, because stored datasets depend on it:
 *
 * - The shares are rounded to millionths: `validation` and `test` to the nearest, `train` is the rest.
 * - A part may take row `n` (from 1) if it then has at most `ceil(n·share)` rows, every part has at least `floor(n·share)`,
 *   and for all parts to have `floor((n + 1)·share)` no more than one row is wanting. There always is such a part: these are
 *   the windows of fair scheduling, which a schedule never leaves if it serves what is due first.
 * - Of the parts that may, the first one without a row takes it, in the order train, test, validation. So every part gets
 *   rows of the stratum as early as the shares allow.
 * - Otherwise chance decides, each part by its share: `u` is `mix(a ^ mix(n + b))` divided by 2^32, where `a` and `b` are the
 *   first two big-endian 32-bit words of `sha256("split/2/stratum/<seed>/<stratum>")`, and `mix` is the finalizer of
 *   MurmurHash3. The shares of the parts that may are added up, in the order train, validation, test; the row goes to the
 *   first part at which the sum exceeds `u` times the total.
 *
 * So the part of a row depends on the number of earlier rows of its stratum alone, and never changes.
 */
export class QuotaSequence {
  private readonly shares: readonly number[];
  private readonly a: number;
  private readonly b: number;
  private readonly counts: number[];

  /** @param counts rows that the parts have already. */
  constructor(split: Split, stratum: string, counts: SplitCounts = { train: 0, validation: 0, test: 0 }) {
    const [validation, test] = [Math.round(split.validation * whole), Math.round(split.test * whole)];
    this.shares = [whole - validation - test, validation, test];
    const digest = hash("sha256", `split/2/stratum/${split.seed}/${stratum}`, "buffer");
    this.a = digest.readUInt32BE(0);
    this.b = digest.readUInt32BE(4);
    this.counts = splitParts.map((part) => counts[part]);
  }

  get splitCounts(): SplitCounts {
    const [train = 0, validation = 0, test = 0] = this.counts;
    return { train, validation, test };
  }

  /** The part of the next row. */
  next(): SplitPart {
    const { counts } = this;
    const row = (counts[0] as number) + (counts[1] as number) + (counts[2] as number) + 1;
    const part = this.choose(row);
    counts[part] = (counts[part] ?? 0) + 1;
    return splitParts[part] as SplitPart;
  }

  private choose(row: number): number {
    const { shares, counts } = this;
    const may = [this.mayTake(0, row), this.mayTake(1, row), this.mayTake(2, row)];
    for (const part of firstTurns) if (may[part] && counts[part] === 0) return part;
    let total = 0;
    for (let part = 0; part < 3; part++) if (may[part]) total += shares[part] as number;
    const chance = (mix(this.a ^ mix((row + this.b) | 0)) / 2 ** 32) * total;
    let [sum, last] = [0, 0];
    for (let part = 0; part < 3; part++) {
      if (!may[part]) continue;
      last = part;
      sum += shares[part] as number;
      if (sum > chance) return part;
    }
    return last;
  }

  private mayTake(part: number, row: number): boolean {
    const { shares, counts } = this;
    if ((counts[part] as number) + 1 > Math.ceil((row * (shares[part] as number)) / whole)) return false;
    let wanting = 0;
    for (let other = 0; other < 3; other++) {
      const share = shares[other] as number;
      const has = (counts[other] as number) + (other === part ? 1 : 0);
      if (has < Math.floor((row * share) / whole)) return false;
      wanting += Math.max(0, Math.floor(((row + 1) * share) / whole) - has);
    }
    return wanting <= 1;
  }
}

/** Train, test, validation. */
const firstTurns = [0, 2, 1];

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of the number. */
function mix(number: number): number {
  let bits = number | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
