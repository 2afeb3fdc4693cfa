/** How many bytes may wait for one client before its subscriptions stop producing. */
export const highWaterBytes = 64 * 1024;

/** How many bytes may wait for one client before it is cut off; larger than any single honest answer. */
export const cutOffBytes = 64 * 1024 * 1024;

/** How long a client may leave an answer over HTTP without reading any of it before it is cut off, in milliseconds. */
const unreadMs = 60_000;

export const outboxLimits = { cutOffBytes, unreadMs } as const;

/**
 * Counts what has been handed to a connection and not yet left the process. Subscriptions wait for `ready()` before
 * they pull their next value, so a client that stops reading costs a bounded amount of memory however much happens.
 */
export interface Outbox {
  /** Bytes that wait to be sent. */
  readonly waiting: number;
  /** Counts bytes as handed over. */
  add(bytes: number): void;
  /** Counts bytes as gone. */
  sent(bytes: number): void;
  /** Resolves once less than the high-water mark waits, or the connection is closed. */
  ready(): Promise<void>;
  /** The connection is gone: nobody waits any longer. */
  close(): void;
}

/** An empty outbox. `highWater` is in bytes, or in whatever else the transport counts consistently. */
export function createOutbox(highWater = highWaterBytes): Outbox {
  let waiting = 0;
  let closed = false;
  let wakeUps: (() => void)[] = [];
  const wake = () => {
    const ready = wakeUps;
    wakeUps = [];
    for (const resolve of ready) resolve();
  };
  return {
    get waiting() {
      return waiting;
    },
    add(bytes) {
      waiting += bytes;
    },
    sent(bytes) {
      waiting -= bytes;
      if (waiting < highWater) wake();
    },
    async ready() {
      // Again after each wake-up: whoever ran first may have filled the outbox.
      while (!closed && waiting >= highWater) await new Promise<void>((resolve) => wakeUps.push(resolve));
    },
    close() {
      closed = true;
      wake();
    },
  };
}
