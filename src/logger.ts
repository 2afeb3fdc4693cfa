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

/** Says nothing: for tests and for library use. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
