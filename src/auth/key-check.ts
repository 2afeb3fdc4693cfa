import { LRUCache } from "lru-cache";
import { guarded, logged } from "../guarded.js";
import type { Logger } from "../logger.js";
import { networkOf } from "./network.js";
import { parseBearer, verifyKey } from "./operator-key.js";

/** What is done about wrong keys. */
export const wrongKeyLimits = {
  /** Wrong keys from one address that are answered like missing ones. */
  free: 10,
  /** The wait that is asked of an address after the next wrong key, in seconds; it doubles with each further one. */
  leastWait: 1,
  /** The longest wait that is asked, in seconds. */
  mostWait: 60,
  /** Seconds without a wrong key after which an address is forgotten. */
  forgetAfter: 900,
  /** Addresses that are remembered; the one that has been silent longest goes first. */
  addresses: 10_000,
  /** Least seconds between two log lines. */
  logEvery: 10,
  /** Addresses that one log line names; the line counts the others. */
  loggedAddresses: 10,
} as const;

/** Why a request is refused. */
export interface KeyRefusal {
  /** Set where the address has sent many wrong keys: seconds to wait before the next try. */
  retryAfter?: number;
}

/** Checks the operator key of requests. */
export interface KeyCheck {
  /**
   * Undefined when the key is right, whatever the address has sent before: behind a proxy, everybody has one address.
   *
   * @param authorization the `Authorization` header, or the connection parameter of that name
   */
  refuse(authorization: unknown, remoteAddress: string | undefined): KeyRefusal | undefined;
  /** Logs what has not been logged yet. */
  close(): void;
}

/**
 * Builds the check. Wrong keys are counted by address (IPv6: by /64 network) and logged with the address, never with the
 * key. A request without any key is no guess: it is refused and not counted.
 *
 * @param now milliseconds on a clock that never goes back; default `performance.now`
 */
export function createKeyCheck(options: { key: string; logger: Logger; now?: () => number }): KeyCheck {
  const { key, logger, now = () => performance.now() } = options;
  const limits = wrongKeyLimits;
  const wrongKeys = new LRUCache<string, number>({
    max: limits.addresses,
    ttl: limits.forgetAfter * 1_000,
    ttlResolution: 0,
    perf: { now },
  });
  const log = createWrongKeyLog(logger);
  return {
    refuse(authorization, remoteAddress) {
      if (verifyKey(key, parseBearer(authorization))) return undefined;
      if (authorization === undefined || authorization === "") return {};
      const address = remoteAddress ?? "unknown";
      log.count(address);
      const network = networkOf(address);
      const count = (wrongKeys.get(network) ?? 0) + 1;
      wrongKeys.set(network, count);
      if (count <= limits.free) return {};
      return { retryAfter: Math.min(limits.leastWait * 2 ** (count - limits.free - 1), limits.mostWait) };
    },
    close: () => log.close(),
  };
}

/** The first wrong key is logged at once, those that follow soon after it together. */
function createWrongKeyLog(logger: Logger): { count(address: string): void; close(): void } {
  const { logEvery, loggedAddresses } = wrongKeyLimits;
  const untold = new Map<string, number>();
  let others = 0;
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    timer = undefined;
    if (untold.size === 0) return;
    const from = [...untold].map(([remoteAddress, wrongKeys]) => ({ remoteAddress, wrongKeys }));
    logger.warn({ from, ...(others > 0 && { fromOtherAddresses: others }) }, "requests with a wrong key were refused");
    untold.clear();
    others = 0;
    timer = setTimeout(tellLater, logEvery * 1_000);
    timer.unref();
  }
  const tellLater = guarded(tell, logged(logger, "wrong keys could not be logged"));

  return {
    count(address) {
      const known = untold.get(address);
      if (known === undefined && untold.size >= loggedAddresses) others += 1;
      else untold.set(address, (known ?? 0) + 1);
      if (!timer) tell();
    },
    close() {
      clearTimeout(timer);
      tell();
      clearTimeout(timer);
    },
  };
}
