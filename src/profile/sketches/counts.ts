import { countIn, emptyRegisters, estimateDistinct, mergeRegisters, type Registers, type Value } from "./distinct.js";

/**
 * How often values occur. Up to `mostCounted` different ones all are counted. Beyond, the frequent ones are kept (Misra and
 * Gries, mergeable by Agarwal et al., 2012): a count is too low by at most `error`, and how many different values there
 * are is estimated from `registers`.
 */
export interface Counts {
  counts: Map<Value, number>;
  error: number;
  registers: Registers | null;
}

/** Different values that are counted exactly. */
export const mostCounted = 256;

export const emptyCounts = (): Counts => ({ counts: new Map(), error: 0, registers: null });

/** Counts values, each with how often it occurs. */
export class Counter {
  private readonly counts = new Map<Value, number>();
  private registers: Registers | null = null;
  private error = 0;

  add(value: Value, times = 1): void {
    const before = this.counts.get(value);
    this.counts.set(value, (before ?? 0) + times);
    if (before !== undefined) return;
    if (this.registers) countIn(this.registers, value);
    else if (this.counts.size > mostCounted) {
      this.registers = emptyRegisters();
      for (const known of this.counts.keys()) countIn(this.registers, known);
    }
    if (this.counts.size > 4 * mostCounted) this.error += prune(this.counts);
  }

  /** Whether counting every value of a large column would be of little use: there are too many different ones. */
  get isFull(): boolean {
    return this.error > 0;
  }

  /** Counts a value as one of the different ones, but not how often it occurs. */
  see(value: Value): void {
    if (this.registers) countIn(this.registers, value);
  }

  result(): Counts {
    const error = this.error + prune(this.counts);
    return { counts: this.counts, error, registers: this.registers };
  }
}

/** The counts of both. */
export function mergeCounts(a: Counts, b: Counts): Counts {
  const counts = new Map(a.counts);
  for (const [value, times] of b.counts) counts.set(value, (counts.get(value) ?? 0) + times);
  const isExact = !a.registers && !b.registers && counts.size <= mostCounted;
  const registers = isExact ? null : mergeRegisters(registersOf(a), registersOf(b));
  const error = a.error + b.error + prune(counts);
  return { counts, error, registers };
}

/** How many different values there are, and whether that is exact. */
export function distinctOf({ counts, registers }: Counts): { distinct: number; isExact: boolean } {
  if (!registers) return { distinct: counts.size, isExact: true };
  return { distinct: Math.max(estimateDistinct(registers), counts.size), isExact: false };
}

function registersOf({ counts, registers }: Counts): Registers {
  if (registers) return registers;
  const made = emptyRegisters();
  for (const value of counts.keys()) countIn(made, value);
  return made;
}

/** Leaves the most frequent values, each counted less by what is answered: the count of the first that goes. */
function prune(counts: Map<Value, number>): number {
  if (counts.size <= mostCounted) return 0;
  const descending = [...counts.values()].sort((a, b) => b - a);
  const taken = descending[mostCounted] ?? 0;
  for (const [value, times] of counts) {
    if (times > taken) counts.set(value, times - taken);
    else counts.delete(value);
  }
  return taken;
}
