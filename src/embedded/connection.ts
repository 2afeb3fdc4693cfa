import pg from "pg";
import { roleName } from "./cluster.js";

/** How to reach an embedded server. */
export interface Login {
  port: number;
  secret: string;
}

/** The connection string of the platform's database; the secret is hexadecimal, so nothing needs escaping. */
export function databaseUrl({ port, secret }: Login): string {
  return `postgres://${roleName}:${secret}@127.0.0.1:${port}/${roleName}`;
}

async function query(login: Login, database: string, statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: login.port,
    user: roleName,
    password: login.secret,
    database,
    ssl: false,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  // A server that stops under an idle connection says so here; the query's own rejection tells the rest.
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(statement)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** What answers on the port: our cluster's server, another one, or none that takes connections (yet). */
export async function probe(login: Login, pgdata: string): Promise<"ours" | "stranger" | "starting"> {
  try {
    const [row] = await query(login, "postgres", "SELECT current_setting('data_directory') AS directory");
    return row?.directory === pgdata ? "ours" : "stranger";
  } catch (error) {
    // 28xxx: the password is refused, so it is not a server that was given our secret.
    return String((error as { code?: string }).code).startsWith("28") ? "stranger" : "starting";
  }
}

/** Creates the platform's database in a new cluster. Harmless where it exists. */
export async function ensureDatabase(login: Login): Promise<void> {
  const found = await query(login, "postgres", `SELECT 1 FROM pg_database WHERE datname = '${roleName}'`);
  if (found.length === 0) await query(login, "postgres", `CREATE DATABASE ${roleName}`);
}
