const systemCodes = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EHOSTUNREACH"]);
/** Class 08: connection exceptions. 57P01, 57P02, 57P03: the server shuts down, crashed, or is starting. 53300: no slot left. */
const sqlStates = /^(08...|57P0[123]|53300)$/;
const messages =
  /connection terminated|connection ended|timeout exceeded when trying to connect|client has encountered a connection error|not queryable/i;

/** Whether Postgres could not be reached, or left in the middle: the same call may succeed later. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && (systemCodes.has(code) || sqlStates.test(code))) return true;
  if (messages.test(error.message)) return true;
  // TypeORM wraps what the driver threw; an AggregateError holds one error per address tried.
  const { driverError, cause, errors } = error as { driverError?: unknown; cause?: unknown; errors?: unknown[] };
  return [driverError, cause, ...(errors ?? [])].some(
    (inner) => inner !== error && inner !== undefined && isConnectionError(inner),
  );
}
