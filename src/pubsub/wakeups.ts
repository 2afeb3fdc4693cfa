import { setTimeout as delay } from "node:timers/promises";
import { Client, type Notification } from "pg";
import { dropped, guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import { channel, type Topic, topicKey } from "./topics.js";

/** Something that waits for a topic. Registered before the first read, so that nothing falls between read and wait. */
export interface Wakeup {
  /** Resolves when the topic was published since the last wait, or after `timeoutMs`, or when closed. */
  wait(timeoutMs: number): Promise<void>;
  /** Ends the wait by hand, for a waiter with a second reason to look again. */
  raise(): void;
  close(): void;
}

export interface Wakeups {
  /** A wake-up for any of the topics; `every` listens to all topics of one type. */
  on(...topics: (Topic | { every: Topic["type"] })[]): Wakeup;
  /** Calls back at each notification of a type, with the id behind it; and after every reconnection, with none. */
  subscribe(type: Topic["type"], callback: (id: string | undefined) => void): () => void;
  /** How many wake-ups are open: none, once nobody waits any more. */
  readonly open: number;
  close(): Promise<void>;
}

class PendingWakeup implements Wakeup {
  #raised = false;
  #release: (() => void) | undefined;
  constructor(readonly onClose: () => void) {}

  raise() {
    this.#raised = true;
    this.#release?.();
  }

  async wait(timeoutMs: number) {
    if (!this.#raised) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#release = undefined;
    }
    this.#raised = false;
  }

  close() {
    this.onClose();
    this.raise();
  }
}

/**
 * One LISTEN connection for the whole process. While it is down nothing is lost: waiters poll, and all of them are
 * woken when it is back.
 */
export async function listen(options: { url: string; logger: Logger }): Promise<Wakeups> {
  const { logger } = options;
  const waiting = new Map<string, Set<PendingWakeup>>();
  const callbacks = new Map<string, Set<(id: string | undefined) => void>>();
  let closed = false;
  let client: Client | undefined;

  const raise = (key: string) => {
    for (const wakeup of waiting.get(key) ?? []) wakeup.raise();
    const [type = "", id] = split(key);
    for (const wakeup of waiting.get(`${type}:*`) ?? []) wakeup.raise();
    for (const callback of callbacks.get(type) ?? []) callback(id);
  };

  async function connect(): Promise<void> {
    const next = new Client({
      connectionString: options.url,
      application_name: "perennial listen",
      keepAlive: true,
      keepAliveInitialDelayMillis: 5_000,
      connectionTimeoutMillis: 5_000,
    });
    // `error` fires on a lost connection; `end` follows in every case and starts the next one.
    const lost = (error: Error) => logger.warn({ err: error }, "lost the LISTEN connection");
    next.on("error", guarded(lost, dropped));
    next.on(
      "notification",
      guarded(
        ({ payload }: Notification) => payload && raise(payload),
        logged(logger, "a notification could not be passed on"),
      ),
    );
    try {
      await next.connect();
      await next.query(`LISTEN ${channel}`);
      if (closed) throw new Error("it was closed meanwhile");
    } catch (error) {
      await next.end().catch(() => {});
      throw error;
    }
    client = next;
    const again = guarded(
      () => {
        client = undefined;
        return closed ? undefined : reconnect();
      },
      logged(logger, "the LISTEN connection could not be opened again"),
    );
    next.on("end", again);
  }

  async function reconnect(): Promise<void> {
    for (let pause = 50; !closed; pause = Math.min(pause * 2, 1_000)) {
      await delay(pause);
      if (closed) return;
      try {
        await connect();
        for (const wakeups of waiting.values()) for (const wakeup of wakeups) wakeup.raise();
        for (const set of callbacks.values()) for (const callback of set) callback(undefined);
        return;
      } catch (error) {
        logger.debug({ err: error }, "LISTEN connection refused; trying again");
      }
    }
  }

  await connect();
  return {
    on(...topics) {
      const keys = topics.map((topic) => ("every" in topic ? `${topic.every}:*` : topicKey(topic)));
      const wakeup = new PendingWakeup(() => {
        for (const key of keys) {
          const set = waiting.get(key);
          set?.delete(wakeup);
          if (set?.size === 0) waiting.delete(key);
        }
      });
      for (const key of keys) {
        const set = waiting.get(key) ?? new Set();
        waiting.set(key, set.add(wakeup));
      }
      return wakeup;
    },
    subscribe(type, callback) {
      const set = callbacks.get(type) ?? new Set();
      callbacks.set(type, set);
      // One that fails keeps no other from being called.
      const call = guarded(callback, logged(logger, `a listener to the topic ${type} failed`));
      set.add(call);
      return () => set.delete(call);
    },
    get open() {
      return new Set([...waiting.values()].flatMap((wakeups) => [...wakeups])).size;
    },
    async close() {
      closed = true;
      for (const wakeups of waiting.values()) for (const wakeup of wakeups) wakeup.raise();
      await client?.end();
    },
  };
}

function split(key: string): [string, string | undefined] {
  const colon = key.indexOf(":");
  return colon < 0 ? [key, undefined] : [key.slice(0, colon), key.slice(colon + 1)];
}
