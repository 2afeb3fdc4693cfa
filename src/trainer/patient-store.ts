import { setTimeout as delay } from "node:timers/promises";
import { PlatformError } from "../errors.js";
import type { Store } from "./store.js";

const pauseMs = 1_000;

/**
 * Waits for a store that is away, since a restart of it should not cost a training. It gives up after `patienceMs`, or
 * as soon as the trainer is asked to stop.
 */
export function patientStore(store: Store, options: { patienceMs: number; stopped: () => boolean }): Store {
  async function patiently<Result>(attempt: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + options.patienceMs;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        const away = error instanceof PlatformError && error.code === "STORAGE_UNAVAILABLE";
        if (!away || options.stopped() || performance.now() >= deadline) throw error;
        await delay(pauseMs);
      }
    }
  }
  return {
    get: (key, sha256) => patiently(() => store.get(key, sha256)),
    put: (key, bytes) => patiently(() => store.put(key, bytes)),
  };
}
