/** One error as the API answered it. */
export interface AnsweredError {
  message: string;
  /** Where in the answer it belongs, such as `["run", "version"]`. */
  path?: readonly (string | number)[];
  extensions?: { code?: string; [key: string]: unknown };
}

/**
 * What `request`, `subscribe` and `follow` throw. `code` is the first error's `extensions.code` (the platform's
 * catalogue), or one of the client's own:
 *
 * - `CONNECTION_LOST`: the server did not answer, or the connection broke; whether a mutation was done is unknown.
 * - `BAD_RESPONSE`: something answered that is no GraphQL API.
 * - `CLOSED`: this client was closed meanwhile.
 */
export class ClientError extends Error {
  constructor(
    readonly code: string,
    /** Every message, a line each. */
    message: string,
    /** Every error of the answer; empty when there was none. */
    readonly errors: readonly AnsweredError[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "ClientError";
  }
}

/** The error of an answer with at least one error. */
export function answered(errors: readonly AnsweredError[]): ClientError {
  const code = errors[0]?.extensions?.code ?? "BAD_RESPONSE";
  return new ClientError(code, errors.map(({ message }) => message).join("\n"), errors);
}

export const closed = () => new ClientError("CLOSED", "The client was closed.");

export function lost(why: string, cause?: unknown): ClientError {
  return new ClientError("CONNECTION_LOST", `The connection to the server was lost: ${why}`, [], { cause });
}
