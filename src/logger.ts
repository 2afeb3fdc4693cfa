import { pino } from "pino";

/** What a room may ask of a logger; composition roots hand in the real one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** JSON lines on standard error, so that standard output stays free for what a command prints. */
export function createLogger(name: string, level: string): Logger {
  const destination = pino.destination(2);
  // A log that cannot be written, on a disk that is full, say, must not end what it tells of.
  destination.on("error", () => {});
  return pino({ name, level }, destination);
}

/** Says nothing: for tests and for library use. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
