import { pino } from "pino";
import { loggedError } from "./logged-error.js";

/**
 * What a room may ask of a logger; composition roots hand in the real one. An error goes as it is into the field `err`:
 * the message of an error may repeat what users store, and the logger knows which.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** JSON lines on standard error, so that standard output stays free for what a command prints. */
export function createLogger(name: string, level: string): Logger {
  return pino({ name, level, serializers: { err: loggedError } }, pino.destination(2));
}

/** Says nothing: for tests and for library use. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
