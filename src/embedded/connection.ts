import pg from "pg";
import { databaseName, roleName } from "./roles.js";

/** The setting by which a server tells which cluster it serves; `data_directory` itself is for superusers only. */
export const directorySetting = "perennial.data_directory";

/** How to reach an embedded server. */
export interface Login {
  port: number;
  secret: string;
}

/** The connection string of the platform's database; the secret is hexadecimal, so nothing needs escaping. */
export function databaseUrl({ port, secret }: Login): string {
  return `postgres://${roleName}:${secret}@127.0.0.1:${port}/${databaseName}`;
}

async function query(login: Login, statement: string, values: string[]): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: "127.0.0.1",
    port: login.port,
    user: roleName,
    password: login.secret,
    database: databaseName,
    ssl: false,
    connectionTimeoutMillis: 5000,
    query_timeout: 5000,
  });
  // A server that stops under an idle connection says so here; the query's own rejection tells the rest.
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query(statement, values)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** What answers on the port: our cluster's server, another one, or none that takes connections (yet). */
export async function probe(login: Login, pgdata: string): Promise<"ours" | "stranger" | "starting"> {
  try {
    const [row] = await query(login, "SELECT current_setting($1, true) AS directory", [directorySetting]);
    return row?.directory === pgdata ? "ours" : "stranger";
  } catch (error) {
    // 28xxx: the password is refused, so it is not a server that was given our secret.
    return String((error as { code?: string }).code).startsWith("28") ? "stranger" : "starting";
  }
}
