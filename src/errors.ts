/**
 * The catalogue of errors that Perennial raises on purpose. Each code becomes `extensions.code` of a GraphQL error;
 * every other error is logged and masked as `INTERNAL_SERVER_ERROR`.
 *
 * A *declaration* that is wrong is not an error: it answers with `problems` (see `language/fields/problem.ts`) and stores nothing.
 */
export const errorCatalogue = {
  NOT_FOUND: "What the request names does not exist.",
  BAD_CURSOR: "A cursor (`after`, `before`) was not issued by this connection or subscription.",
  BAD_INPUT: "An argument that is not part of a declaration is wrong; the message names it.",
  INVALID_ROWS:
    "None of the rows given to `predict` can be answered; `extensions.problems` lists what is wrong with them. Of a run: its dataset holds rows that its model cannot use; the message names them by ordinal.",
  IDEMPOTENCY_KEY_REUSED: "The idempotency key was used before for a different request.",
  ILLEGAL_TRANSITION: "The run's state does not allow what was asked, such as canceling a finished run.",
  LEASE_LOST: "The worker no longer owns the run: its lease was revoked. The attempt must stop writing.",
  OBJECT_NOT_FOUND: "The object store holds no object under that key.",
  OBJECT_CORRUPT: "An object's bytes do not have the digest or format that was recorded for it.",
  STORAGE_FULL: "The object store has no room left for what was to be written; nothing was kept of it.",
  STORAGE_UNAVAILABLE: "The object store did not answer, or answered with a fault of its own.",
  COLLECTION_REFUSED:
    "Garbage collection deleted nothing: the object store holds what this database has never heard of, as after a restore from a backup, or another collection is under way. The message says what.",
  DATABASE_UNAVAILABLE:
    "Postgres cannot be reached, or did not answer: try again. A mutation with an idempotencyKey is then done once, whatever became of the first.",
  DIVERGED: "The loss became NaN or infinite. The last good checkpoint is kept.",
  DEPENDENCY_FAILED: "A run that this one was to wait for FAILED or was CANCELED, so it can never start.",
  EMPTY_SPLIT: "A part of the split that the run needs holds no rows.",
  TRAINER_FAILED: "The trainer process ended without a result.",
  EXECUTOR_FAILED: "What computes the steps failed in the middle of a run, such as for lack of memory.",
  OUT_OF_MEMORY: "The trainer was ended, or could not go on, for lack of memory.",
  STEP_TIMEOUT: "A step took longer than the run's `stepTimeoutSeconds`; its trainer was killed.",
  SCHEMA_TOO_NEW: "The database has been migrated by a newer Perennial than this one, which must not write to it.",
  DATA_DIRECTORY_IN_USE: "Another process runs its database in the data directory; the message names its pid.",
  UNAUTHENTICATED: "The request carries no valid key.",
  FORBIDDEN: "The request came through a foreign `Host` or `Origin`, or a signed URL is wrong or has expired.",
  LIMIT_EXCEEDED:
    "The request is over one of the API's limits (bytes, depth, fields, cost, time, open operations, waiting requests); the message names it.",
  DEADLINE_EXCEEDED: "The request could not be answered in time; the message says what it waited for.",
  UNSUPPORTED: "The platform cannot do this on this host; the message says what is missing.",
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** An expected failure, shown to the caller as it is. `details` becomes part of `extensions`. */
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
