import { randomUUID } from "node:crypto";
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError, Kind } from "graphql";
import { isConnectionError, isDiskFull } from "../db/connection-error.js";
import { type ErrorCode, PlatformError } from "../errors.js";
import type { Logger } from "../logger.js";

/** Turns any error into one that a caller may see. The same function serves HTTP, WebSocket and SSE. */
export type ErrorFormatter = (error: unknown) => GraphQLFormattedError;

/** Codes that belong to a transport rather than to the platform. */
export type TransportErrorCode = ErrorCode | "BAD_REQUEST";

/** The body of an answer to a request that did not reach GraphQL. It has GraphQL's shape, so clients handle all errors alike. */
export function errorBody(code: TransportErrorCode, message: string): { errors: GraphQLFormattedError[] } {
  return { errors: [{ message, extensions: { code } }] };
}

/**
 * Builds the formatter:
 * - a `PlatformError` shows its message, `extensions.code` and its details in `extensions`;
 * - a lost connection to Postgres is shown as `DATABASE_UNAVAILABLE`;
 * - errors that GraphQL itself found in the request are passed on;
 * - everything else is logged under an id and masked as `INTERNAL_SERVER_ERROR`; the message names the id.
 */
export function createErrorFormatter(logger: Logger): ErrorFormatter {
  return (error) => {
    const { locations, path } = locate(error);
    const at = { ...(locations && { locations }), ...(path && { path }) };
    const cause = rootCause(error);
    if (cause instanceof PlatformError) {
      return { message: cause.message, ...at, extensions: { ...cause.details, code: cause.code } };
    }
    if (isDiskFull(cause)) {
      logger.error({ err: cause, path }, "Postgres has no room left");
      const message = "Postgres has no space left on its disk; nothing was stored.";
      return { message, ...at, extensions: { code: "STORAGE_FULL" satisfies ErrorCode } };
    }
    if (cause instanceof RangeError && cause.message.includes("call stack")) {
      const message = "The request is nested too deeply.";
      return { message, ...at, extensions: { code: "LIMIT_EXCEEDED" satisfies ErrorCode } };
    }
    if (isConnectionError(cause)) {
      logger.warn({ err: cause, path }, "Postgres cannot be reached");
      const message =
        "Postgres cannot be reached. Try again; a mutation with the same idempotencyKey is carried out only once.";
      return { message, ...at, extensions: { code: "DATABASE_UNAVAILABLE" satisfies ErrorCode } };
    }
    if (error instanceof GraphQLError && cause instanceof GraphQLError && isAboutTheRequest(cause, path)) {
      // Apollo wraps GraphQL's errors to give them codes, and some an HTTP status, which is not for the body.
      const { http: _http, ...extensions } = error.extensions;
      const code = cause.extensions.code ?? extensions.code ?? codeOf(cause);
      return { message: cause.message, ...at, extensions: { ...extensions, code } };
    }
    const id = randomUUID();
    logger.error({ err: cause, id, path }, "A request failed on an unexpected error");
    const message = `Something went wrong inside Perennial. The server's log has the details under ${id}.`;
    return { message, ...at, extensions: { code: "INTERNAL_SERVER_ERROR", id } };
  };
}

/** A result with its errors formatted for the caller. */
export function formatResult<Result extends Pick<ExecutionResult, "data" | "errors">>(
  result: Result,
  format: ErrorFormatter,
): Omit<Result, "errors"> & { errors?: readonly GraphQLFormattedError[] } {
  const { errors, ...rest } = result;
  return errors === undefined ? rest : { ...rest, errors: errors.map(format) };
}

function locate(error: unknown): Pick<GraphQLFormattedError, "locations" | "path"> {
  return error instanceof GraphQLError ? { locations: error.locations, path: error.path } : {};
}

function rootCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError && cause.originalError !== cause) {
    // graphql-js wraps what a variable's type refused, and only the wrapping names the variable.
    if (isAboutAVariable(cause)) return cause;
    cause = cause.originalError;
  }
  return cause;
}

/**
 * Syntax and validation errors have no path; argument errors found while executing point at the document. A bare
 * `GraphQLError` from below a field is a value of ours that a scalar or enum could not write: a fault of the server.
 */
function isAboutTheRequest(error: GraphQLError, path: GraphQLFormattedError["path"]): boolean {
  return path === undefined || error.extensions.code !== undefined || (error.nodes?.length ?? 0) > 0;
}

function isAboutAVariable(error: GraphQLError): boolean {
  return error.path === undefined && error.nodes?.length === 1 && error.nodes[0]?.kind === Kind.VARIABLE_DEFINITION;
}

function codeOf(error: GraphQLError): string {
  return isAboutAVariable(error) || error.message.startsWith("Argument ") ? "BAD_USER_INPUT" : "BAD_REQUEST";
}
