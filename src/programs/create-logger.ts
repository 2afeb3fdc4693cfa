import { pino } from "pino";
import { dropped, guarded } from "../guarded.js";
import type { Logger } from "../logger.js";
import { loggedError } from "./logged-error.js";

/** How many bytes of log lines may wait to be written; what comes beyond that is dropped. */
const waitingBytes = 1024 * 1024;

/**
 * JSON lines on standard error, so that standard output stays free for what a command prints. A log that cannot be written,
 * such as to a disk that is full, ends nothing: lines wait, up to a bound.
 */
export function createLogger(name: string, level: string): Logger {
  let failing = false;
  // Before pino's own listener, which tries for ever to write what waits, and so would keep the process from ending.
  const giveUp = guarded(() => {
    if (failing) Object.assign(destination, { flushSync() {} });
  }, dropped);
  process.once("exit", giveUp);
  const destination = pino.destination({ dest: 2, minLength: 0, maxLength: waitingBytes });
  destination.on("error", () => {
    failing = true;
  });
  destination.on("write", () => {
    failing = false;
  });
  return pino({ name, level, serializers: { err: loggedError } }, destination);
}
