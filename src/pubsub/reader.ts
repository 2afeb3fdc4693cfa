/** What a reader is told about itself. */
export interface ReaderState {
  /** Whether it has ended: nobody asks it for more. */
  readonly isOver: boolean;
  /** Ends it, from within: `next()` answers nothing more. */
  finish(): void;
}

/** One reader's part of a source that it shares with others. */
export interface ReaderSteps<Value> {
  /** At the first `next()`: the reader joins its source. */
  begin(): void | Promise<void>;
  /** What comes next for it, if it is there. */
  take(): IteratorResult<Value> | undefined | Promise<IteratorResult<Value> | undefined>;
  /** Whether something came while `take` found nothing. Default: never. */
  isReady?(): boolean;
  /** The source calls all of these when something came, and empties the set. */
  waiting(): Set<() => void>;
  /** Called when the reader begins to wait, and when it is woken. */
  onWait?(isWaiting: boolean): void;
  /** Called once when a reader that has begun ends: it leaves its source. */
  end(): void;
}

/**
 * An async iterator over a shared source. A reader has no queue: it holds a place in the source, and one that is not asked
 * for more costs nothing. `return()` ends a `next()` that waits. What a step throws ends the reader.
 */
export function createReader<Value>(steps: (reader: ReaderState) => ReaderSteps<Value>): AsyncIterableIterator<Value> {
  let state: "NEW" | "READING" | "OVER" = "NEW";
  let release: (() => void) | undefined;
  const over = { done: true as const, value: undefined };

  function finish(): void {
    if (state === "OVER") return;
    const hasBegun = state === "READING";
    state = "OVER";
    if (hasBegun) reader.end();
    if (!release) return;
    reader.waiting().delete(release);
    release();
  }
  const reader = steps({
    get isOver() {
      return state === "OVER";
    },
    finish,
  });

  function wait(): Promise<void> {
    reader.onWait?.(true);
    return new Promise((resolve) => {
      release = () => {
        release = undefined;
        reader.onWait?.(false);
        resolve();
      };
      reader.waiting().add(release);
    });
  }

  return {
    async next() {
      try {
        if (state === "NEW") {
          state = "READING";
          await reader.begin();
        }
        while (state === "READING") {
          const taken = await reader.take();
          if (taken) return taken;
          if (state === "READING" && !reader.isReady?.()) await wait();
        }
        return over;
      } catch (error) {
        finish();
        throw error;
      }
    },
    async return() {
      finish();
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
