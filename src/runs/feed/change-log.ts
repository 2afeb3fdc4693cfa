import type { RunState } from "./run-changes.js";

/** One change of a run. */
export interface Change<View> extends RunState {
  /** Counts changes. */
  seq: number;
  /** Counts reads. */
  read: number;
  /** Whether the run has changed again: followers are told only its newest state. */
  superseded: boolean;
  /** The views whose selection the run fits. */
  fits: Set<View>;
}

/** Changes of runs in the order in which they were read. The newest change of each run is kept until every follower has had it. */
export class ChangeLog<View> {
  /** The number of the newest change. */
  seq = 0;
  /** Reads so far. */
  reads = 0;
  #changes: Change<View>[] = [];
  readonly #newest = new Map<string, Change<View>>();

  /** Changes added from here on belong to the next read. */
  beginRead(): void {
    this.reads += 1;
  }

  add(state: RunState, fits: Set<View>): void {
    const before = this.#newest.get(state.run.id);
    if (before) before.superseded = true;
    this.seq += 1;
    const change = { ...state, seq: this.seq, read: this.reads, superseded: false, fits };
    this.#newest.set(state.run.id, change);
    this.#changes.push(change);
  }

  /**
   * Drops the changes that nobody needs any more.
   *
   * @param positions how far those have read who have not had everything.
   */
  forget(positions: readonly number[]): void {
    const oldest = positions.reduce((least, seq) => Math.min(least, seq), this.seq);
    this.#changes = this.#changes.filter(
      ({ superseded, seq, read }) => !superseded && (seq > oldest || read === this.reads),
    );
    this.#newest.clear();
    for (const change of this.#changes) this.#newest.set(change.run.id, change);
  }

  /** The views that the changes of the last read fit. */
  newlyChanged(): Set<View> {
    return new Set(this.#changes.flatMap(({ read, fits }) => (read === this.reads ? [...fits] : [])));
  }

  /** The changes after a position, oldest first. */
  *after(seq: number): Generator<Change<View>> {
    for (let at = this.#indexAfter(seq); at < this.#changes.length; at++) yield this.#changes[at] as Change<View>;
  }

  hasAfter(seq: number): boolean {
    return this.#indexAfter(seq) < this.#changes.length;
  }

  #indexAfter(seq: number): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#changes[middle] as Change<View>).seq <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
