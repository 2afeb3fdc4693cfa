import { PlatformError } from "../errors.js";
import { guarded } from "../guarded.js";

/** A limited quantity that requests share. */
export interface Budget {
  /**
   * Waits until there is room for a share and takes it; answers a function that gives it back. Shares are granted in the
   * order of the requests. Urgent requests come first and are never refused as too many. A share above the total is the total.
   *
   * @throws PlatformError LIMIT_EXCEEDED if too many requests wait already, or after waiting too long.
   */
  take(amount: number, options?: { urgent?: boolean }): Promise<() => void>;
}

interface Waiting {
  amount: number;
  grant(): void;
}

/** @param options.what what the server is busy with, for messages. */
export function createBudget(options: { total: number; waiting: number; waitMs: number; what: string }): Budget {
  const { total, waiting: most, waitMs, what } = options;
  const queue: Waiting[] = [];
  let left = total;

  function settle(): void {
    for (let next = queue[0]; next !== undefined && next.amount <= left; next = queue[0]) {
      queue.shift();
      left -= next.amount;
      next.grant();
    }
  }

  const busy = (reason: string) => new PlatformError("LIMIT_EXCEEDED", `The server is busy: ${what}; ${reason}.`);

  return {
    take(requested, { urgent = false } = {}) {
      const amount = Math.min(requested, total);
      if (!urgent && queue.length >= most)
        return Promise.reject(busy(`${most} requests are waiting already. Try again later`));
      return new Promise((resolve, reject) => {
        let isHeld = true;
        const giveBack = () => {
          if (!isHeld) return;
          isHeld = false;
          left += amount;
          settle();
        };
        const waiting: Waiting = {
          amount,
          grant() {
            clearTimeout(timer);
            resolve(giveBack);
          },
        };
        const giveUp = guarded(() => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(busy(`the request has waited ${waitMs / 1_000} s for that. Try again`));
          settle();
        }, reject);
        const timer = setTimeout(giveUp, waitMs);
        timer.unref();
        if (urgent) queue.unshift(waiting);
        else queue.push(waiting);
        settle();
      });
    },
  };
}
