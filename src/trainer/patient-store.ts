import { setTimeout as delay } from "node:timers/promises";
import { PlatformError } from "../errors.js";
import type { Store } from "./store.js";

const pauseMs = 1_000;

/** How long to wait for a store that is unavailable. */
export interface Patience {
  patienceMs: number;
  /** Whether the trainer was told to stop, which ends the wait. */
  stopped(): boolean;
}

/** Retries while the store is unavailable, so that a restart of the store does not cost a training. */
export async function patiently<Result>(attempt: () => Promise<Result>, patience: Patience): Promise<Result> {
  const deadline = performance.now() + patience.patienceMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const away = error instanceof PlatformError && error.code === "STORAGE_UNAVAILABLE";
      if (!away || patience.stopped() || performance.now() >= deadline) throw error;
      await delay(pauseMs);
    }
  }
}

/** A store whose operations are retried while it is unavailable. */
export function patientStore(store: Store, patience: Patience): Store {
  return {
    get: (key, sha256) => patiently(() => store.get(key, sha256), patience),
    put: (key, bytes) => patiently(() => store.put(key, bytes), patience),
  };
}
