/** SQLSTATE classes and codes by which Postgres says that it is away, starting, stopping, full or read-only after a
 * failover, or that it gave a statement (57014) or a silent transaction (25P03) up after `openDatabase`'s limit. */
const unavailableState = /^(08...|57P0[1-5]|57014|25P03|53[123]00|25006)$/;
const unavailableErrno = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "ECONNABORTED",
]);
/** `pg` gives these no code. */
const unavailableMessage =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Connection ended|Client was closed|Query read timeout|Query runner already released|Database connection provided by a query runner was already released|Driver not Connected)/;

/** Whether an error means that Postgres did not answer; looks inside TypeORM's and Node's wrappers. */
export function isConnectionError(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > 5) return false;
  const { code, driverError, cause } = error as Error & { code?: unknown; driverError?: unknown };
  if (typeof code === "string" && (unavailableState.test(code) || unavailableErrno.has(code))) return true;
  if (unavailableMessage.test(error.message)) return true;
  const inner: unknown[] = error instanceof AggregateError ? error.errors : [];
  return [driverError, cause, ...inner].some((each) => each !== error && isConnectionError(each, depth + 1));
}

/** Whether Postgres ran out of disk (53100): it will serve again, but not before somebody makes room. */
export function isDiskFull(error: unknown): boolean {
  const { code, driverError } = (error ?? {}) as { code?: unknown; driverError?: { code?: unknown } };
  return code === "53100" || driverError?.code === "53100";
}
