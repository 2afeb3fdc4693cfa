/** What happens at a moment of simulated time. */
export interface Happening {
  /** Milliseconds. */
  at: number;
  happen: () => void;
}

/** Things that will happen, in order of time; of one moment, in the order in which they were arranged. */
export interface Timeline {
  /** Arranges something so many milliseconds after what happens now. */
  after(ms: number, happen: () => void): void;
  /** The next to happen, which is then now; undefined at the end. */
  next(): Happening | undefined;
}

export function createTimeline(): Timeline {
  // The next last: taking the end of an array and inserting near it are cheap.
  const events: Happening[] = [];
  let now = 0;
  return {
    after(ms, happen) {
      const event = { at: now + ms, happen };
      let low = 0;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        // What was arranged before for the same moment happens first.
        if ((events[middle]?.at ?? 0) > event.at) low = middle + 1;
        else high = middle;
      }
      events.splice(low, 0, event);
    },
    next() {
      const event = events.pop();
      now = event?.at ?? now;
      return event;
    },
  };
}
