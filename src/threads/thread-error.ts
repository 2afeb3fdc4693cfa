import { type ErrorCode, errorCatalogue, PlatformError } from "../errors.js";

/** An error as it travels between threads, which do not keep classes. */
export interface ThreadError {
  /** A code of `errorCatalogue`, or INTERNAL. */
  code: string;
  message: string;
  /** Where an unexpected error was thrown. */
  stack?: string;
}

/** An error in the form in which it leaves its thread. */
export function toThreadError(error: unknown): ThreadError {
  if (error instanceof PlatformError) return { code: error.code, message: error.message };
  if (error instanceof Error) return { code: "INTERNAL", message: error.message, stack: error.stack };
  return { code: "INTERNAL", message: String(error) };
}

/** The error that another thread has reported. */
export function fromThreadError({ code, message, stack }: ThreadError): Error {
  if (code in errorCatalogue) return new PlatformError(code as ErrorCode, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
