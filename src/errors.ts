/**
 * All errors that Perennial raises on purpose. The code becomes `extensions.code` of a GraphQL error; any other error is
 * logged and masked as `INTERNAL_SERVER_ERROR`. `docs/api.md` has the same table; a test compares the two.
 *
 * A wrong *declaration* is not an error: the payload lists its `problems` (see `language/fields/problem.ts`), and nothing is stored.
 */
export const errorCatalogue = {
  NOT_FOUND: "The requested object does not exist.",
  BAD_CURSOR: "The cursor in `after` or `before` does not come from this list or subscription.",
  BAD_INPUT:
    "An argument or setting is wrong; the message names it. (Errors in a mutation's input are `problems` instead.)",
  INVALID_ROWS:
    "`predict`: no row can be predicted; `extensions.problems` says why. Of a run: its dataset has rows that its model cannot use; the message gives their ordinals.",
  IDEMPOTENCY_KEY_REUSED: "The idempotency key was already used for a different request.",
  ILLEGAL_TRANSITION: "The run's state does not allow the request, such as canceling a finished run.",
  LEASE_LOST: "The worker no longer owns the run because its lease has ended; its writes are refused.",
  UPLOAD_CHANGED:
    "Other bytes were sent for an upload that an inference or import has read already; nothing was stored.",
  OBJECT_NOT_FOUND: "The object store has no object of that key.",
  OBJECT_CORRUPT: "An object's content does not have the recorded digest or format.",
  STORAGE_FULL: "The object store or Postgres has no space left; nothing was stored.",
  STORAGE_UNAVAILABLE: "The object store did not answer or failed.",
  COLLECTION_REFUSED:
    "Garbage collection deleted nothing: the object store has objects that this database does not know, as after a restore from a backup, or another collection is running.",
  DATABASE_UNAVAILABLE:
    "Postgres cannot be reached or did not answer. Try again; a mutation with the same `idempotencyKey` is carried out only once.",
  DIVERGED: "The loss or a weight became NaN or infinite. The last good checkpoint is kept.",
  DEPENDENCY_FAILED: "A run that this run depends on FAILED or was CANCELED, so it can never start.",
  EMPTY_SPLIT: "A part of the split that the run needs has no rows.",
  TRAINER_FAILED: "The trainer process ended without a result.",
  EXECUTOR_FAILED: "The library that computes the steps failed during a run.",
  OUT_OF_MEMORY: "The trainer ran out of memory or was killed because the host did.",
  STEP_TIMEOUT: "A step took longer than the run's `stepTimeoutSeconds`; the trainer was killed.",
  SCHEMA_TOO_NEW: "A newer version of Perennial has migrated the database; this version must not write to it.",
  DATA_DIRECTORY_IN_USE: "Another process uses the data directory for its database; the message names its process id.",
  UNAUTHENTICATED: "The request has no valid key.",
  FORBIDDEN: "The `Host` or `Origin` header is not allowed, or a signed URL is wrong or has expired.",
  LIMIT_EXCEEDED:
    "The request exceeds a limit of the API, such as its size, depth, cost or time; the message names the limit.",
  DEADLINE_EXCEEDED: "The request could not be answered in time; the message says what it was waiting for.",
  UNSUPPORTED: "The platform cannot do this on this host; the message says what is missing.",
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** An expected failure. The caller sees its message; `details` becomes part of `extensions`. */
export class PlatformError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Record<string, unknown> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "PlatformError";
  }
}
