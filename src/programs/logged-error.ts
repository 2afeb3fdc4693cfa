/** What of an error may be written to a log: what happened and where, never what users store. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string | number;
  /** Where in the code: the frames without the message. */
  stack?: string;
  cause?: LoggedError;
  errors?: LoggedError[];
  /** Of Postgres: which rule was broken, and where. */
  constraint?: string;
  schema?: string;
  table?: string;
  column?: string;
  dataType?: string;
  /** The statement with placeholders for its values, at most 2,000 characters. */
  statement?: string;
  /** The character in the statement that Postgres complains about. */
  position?: string;
}

const longestStatement = 2_000;
const deepest = 4;
const mostErrors = 10;
const textFields = ["constraint", "schema", "table", "column", "dataType", "position"] as const;

/** An error as it may be logged. Messages that repeat values are replaced by what is known about the failure without them. */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: "something that is no error was thrown" };
  const fields = error as Error & Record<string, unknown>;
  const { code, query, driverError, cause } = fields;
  const logged: LoggedError = { type: error.name, message: safeMessage(error) };
  if (typeof code === "string" || typeof code === "number") logged.code = code;
  for (const name of textFields) if (typeof fields[name] === "string") logged[name] = fields[name];
  // TypeORM's, which has placeholders: the values are in `parameters`.
  if (typeof query === "string") logged.statement = query.slice(0, longestStatement);
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line));
  if (frames && frames.length > 0) logged.stack = frames.join("\n");
  if (depth < deepest) {
    // A driver's error is told by the wrapper already, which has all its fields.
    if (cause instanceof Error && cause !== driverError) logged.cause = loggedError(cause, depth + 1);
    if (error instanceof AggregateError)
      logged.errors = error.errors.slice(0, mostErrors).map((each) => loggedError(each, depth + 1));
  }
  return logged;
}

/**
 * Classes of SQLSTATE whose messages name tables, columns, constraints, files and the server's state alone. Others, such as
 * 22 (data exceptions) and P0 (what a function raises), quote the value.
 */
const classesWithoutValues = new Set("08 23 25 28 3D 40 42 53 55 57 58 XX".split(" "));

/** DuckDB's kinds of errors that are about values or statements; its statements hold values. */
const duckdbKinds = [
  ...["Binder", "Cast", "Catalog", "Constraint", "Conversion", "Decimal", "Invalid", "Invalid Input", "Invalid Type"],
  ...[
    "INTERNAL",
    "Mismatch Type",
    "Not implemented",
    "Out of Range",
    "Parser",
    "Serialization",
    "Syntax",
    "TransactionContext",
  ],
];
const duckdbMessage = new RegExp(`^(${duckdbKinds.join("|")}) Error: `);

/** The message of an error, or what can be said instead of a message that repeats values. */
export function safeMessage(error: Error): string {
  const { code, severity, driverError } = error as Error & {
    code?: unknown;
    severity?: unknown;
    driverError?: unknown;
  };
  const isFromPostgres = typeof severity === "string" || driverError !== undefined;
  if (isFromPostgres && typeof code === "string" && /^[0-9A-Z]{5}$/.test(code))
    return classesWithoutValues.has(code.slice(0, 2)) ? error.message : `Postgres refused a value (SQLSTATE ${code})`;
  const [, kind] = duckdbMessage.exec(error.message) ?? [];
  if (kind) return `DuckDB: ${kind} Error`;
  // JSON.parse quotes the text, graphql-js the value that a scalar refused.
  if (error instanceof SyntaxError) return "a text could not be parsed";
  if (error.name === "GraphQLError") return error.message.replace(/(value)?: .*$/s, "$1");
  return error.message;
}
